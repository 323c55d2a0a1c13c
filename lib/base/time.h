// SPDX-License-Identifier: Apache-2.0
// Two clocks, never mixed: Instant for deadlines (monotonic), WallTime for dates people read.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace base {

using Instant = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;
using WallTime = std::chrono::system_clock::time_point;

inline Instant now() { return std::chrono::steady_clock::now(); }
inline WallTime wall_now() { return std::chrono::system_clock::now(); }

// A moment in UTC in the parts that people write. It is arithmetic: gmtime_r() opens the time zone
// file at its first call, and not every process has files.
struct UtcTime {
  explicit UtcTime(WallTime time);

  std::string date() const;  // "2027-06-30"; of two such the later is the greater text

  int year;
  unsigned month;    // 1 to 12
  unsigned day;      // 1 to 31
  unsigned weekday;  // 0 is Sunday
  int hour;
  int minute;
  int second;
  int millisecond;
};

// "2026-11-21T21:03:00Z", RFC 3339; what is below a second is left out.
std::string utc_text(WallTime time);
// A text of that form. Nothing for any other, and where there is no such moment in the years 1970
// to 2261, which WallTime can hold.
std::optional<WallTime> parse_utc(std::string_view text);

}  // namespace base
