// SPDX-License-Identifier: Apache-2.0
// Two clocks, never mixed: Instant for deadlines (monotonic), WallTime for dates people read.
#pragma once

#include <chrono>

namespace base {

using Instant = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;
using WallTime = std::chrono::system_clock::time_point;

inline Instant now() { return std::chrono::steady_clock::now(); }
inline WallTime wall_now() { return std::chrono::system_clock::now(); }

}  // namespace base
