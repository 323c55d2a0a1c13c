// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <array>
#include <cstdio>

namespace base {
namespace {

namespace chrono = std::chrono;

template <class Count>
int to_int(Count count) {
  return static_cast<int>(count.count());
}

}  // namespace

UtcTime::UtcTime(WallTime time) {
  const auto days = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(days);
  const chrono::hh_mm_ss clock(chrono::floor<chrono::milliseconds>(time - days));
  year = static_cast<int>(date.year());
  month = static_cast<unsigned>(date.month());
  day = static_cast<unsigned>(date.day());
  weekday = chrono::weekday(days).c_encoding();
  hour = to_int(clock.hours());
  minute = to_int(clock.minutes());
  second = to_int(clock.seconds());
  millisecond = to_int(clock.subseconds());
}

std::string UtcTime::date() const {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", year, month, day);
  return text.data();
}

}  // namespace base
