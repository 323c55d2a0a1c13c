// SPDX-License-Identifier: Apache-2.0
// What an administrator is told of a disk that fails or stands still, while the clients are told to
// come again or wait. However many messages it costs, a failure is one line a minute, and a
// standstill two: one when it begins, one when no work stands any more.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "spool/writers.h"

namespace deliver_role {

// Used in the main thread only.
class DiskWatch {
 public:
  static constexpr std::chrono::minutes kInterval{1};   // from a line about a failure to the next
  static constexpr std::chrono::seconds kPatience{10};  // then work that does not end is told

  // A delivery, or a part of a message, could not be written.
  void failed(const std::string& reason, base::Instant now);

  // To be called every second or so.
  void look(const spool::Writers::Standing& standing, base::Instant now);

 private:
  std::optional<base::Instant> told_;
  std::optional<base::Instant> stalled_;  // since the first work was begun that did not end
};

}  // namespace deliver_role
