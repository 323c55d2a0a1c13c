// SPDX-License-Identifier: Apache-2.0
#include "base/clock_watch.h"

#include <utility>

namespace base {

std::chrono::seconds ClockWatch::set_back(Instant now, WallTime wall) {
  const auto passed = now - std::exchange(now_, now);
  const auto shown = wall - std::exchange(wall_, wall);
  const auto back = std::chrono::duration_cast<std::chrono::seconds>(passed - shown);
  return back > kTolerance ? back : std::chrono::seconds{0};
}

}  // namespace base
