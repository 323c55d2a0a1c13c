// SPDX-License-Identifier: Apache-2.0
// Notices that the DNS is gone: when messages in a row cannot be judged because it does not answer,
// an administrator should know why all mail waits, or is accepted as it is. Threads: any.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "base/time.h"

namespace smtp_role {

class Unjudged {
 public:
  static constexpr std::uint64_t kMany = 10;             // messages in a row
  static constexpr std::chrono::minutes kLeastPause{1};  // from one beginning to the next

  struct Change {
    bool begins = false;         // else it is over
    std::uint64_t messages = 0;  // that could not be judged, in a row
  };

  // The DNS did not let a message be judged.
  std::optional<Change> failed(base::Instant now);
  // It did.
  std::optional<Change> judged();

  // Messages in a row that could not be judged; 0 as long as these are less than kMany.
  std::uint64_t many() const;

 private:
  mutable std::mutex mutex_;
  std::uint64_t in_a_row_ = 0;
  bool told_ = false;
  std::optional<base::Instant> last_begin_;
};

}  // namespace smtp_role
