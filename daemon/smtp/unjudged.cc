// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/unjudged.h"

#include <utility>

namespace smtp_role {

std::optional<Unjudged::Change> Unjudged::failed(base::Instant now) {
  const std::lock_guard lock(mutex_);
  ++in_a_row_;
  const bool too_early = last_begin_ && now - *last_begin_ < kLeastPause;
  if (told_ || in_a_row_ < kMany || too_early) return std::nullopt;
  told_ = true;
  last_begin_ = now;
  return Change{true, in_a_row_};
}

std::optional<Unjudged::Change> Unjudged::judged() {
  const std::lock_guard lock(mutex_);
  const std::uint64_t messages = std::exchange(in_a_row_, 0);
  if (!std::exchange(told_, false)) return std::nullopt;
  return Change{false, messages};
}

std::uint64_t Unjudged::many() const {
  const std::lock_guard lock(mutex_);
  return in_a_row_ < kMany ? 0 : in_a_row_;
}

}  // namespace smtp_role
