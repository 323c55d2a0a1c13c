// SPDX-License-Identifier: Apache-2.0
// When all new sessions, or all new mail, are to be refused: before something that all need is
// used up. What is in hand may need more of it, so new sessions go first. A value without a clock.
#pragma once

#include <cstdint>
#include <optional>

#include "policy/limit.h"

namespace policy {

// What is in use of what there is.
struct Load {
  std::uint64_t descriptors = 0;
  std::uint64_t most_descriptors = 0;
  std::uint64_t memory = 0;  // bytes
  std::uint64_t most_memory = 0;
  // Of the spool's file system, bytes; nothing: it is not known.
  std::optional<std::uint64_t> free_space;
  std::uint64_t least_space = 0;  // below it no session can bring any mail
};

class Shedding {
 public:
  struct State {
    std::optional<Limit> sessions;  // why new ones are refused; nothing: they are not
    std::optional<Limit> mail;
    bool operator==(const State&) const = default;
  };
  // What holds from now on. What was refused is taken again when there is clearly more than that
  // led to it.
  State update(const Load& load);
  // Whether so many descriptors are a reason to refuse sessions.
  static bool are_scarce(std::uint64_t descriptors, std::uint64_t most_descriptors);

 private:
  State state_;
};

}  // namespace policy
