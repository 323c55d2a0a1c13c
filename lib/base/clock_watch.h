// SPDX-License-Identifier: Apache-2.0
// Tells when somebody has set the wall clock back, by a clock that nobody can set.
#pragma once

#include <chrono>

#include "base/time.h"

namespace base {

class ClockWatch {
 public:
  // What is less is a clock that is steered, and not set.
  static constexpr std::chrono::seconds kTolerance{2};

  ClockWatch(Instant now, WallTime wall) : now_(now), wall_(wall) {}

  // By how much since the last look; zero: it was not, or it was set forward.
  std::chrono::seconds set_back(Instant now, WallTime wall);

 private:
  Instant now_;  // of the last look
  WallTime wall_;
};

}  // namespace base
