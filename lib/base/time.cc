// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdio>

#include "base/ascii.h"

namespace base {
namespace {

namespace chrono = std::chrono;

constexpr std::string_view kForm = "0000-00-00T00:00:00Z";
constexpr int kFirstYear = 1970;
constexpr int kLastYear = 2261;

bool has_form(std::string_view text) {
  return std::equal(text.begin(), text.end(), kForm.begin(), kForm.end(),
                    [](char c, char form) { return form == '0' ? is_digit(c) : c == form; });
}

int number_at(std::string_view text, std::size_t offset, std::size_t digits) {
  int number = 0;
  std::from_chars(text.data() + offset, text.data() + offset + digits, number);
  return number;
}

template <class Count>
int to_int(Count count) {
  return static_cast<int>(count.count());
}

}  // namespace

UtcTime::UtcTime(WallTime time) {
  // The begin of the first day is no WallTime: in nanoseconds it would overflow.
  const auto moment = chrono::floor<chrono::milliseconds>(time);
  const auto days = chrono::floor<chrono::days>(moment);
  const chrono::year_month_day date(days);
  const chrono::hh_mm_ss clock(moment - days);
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

std::string utc_text(WallTime time) {
  const UtcTime utc(time);
  std::array<char, 48> text;
  std::snprintf(text.data(), text.size(), "T%02d:%02d:%02dZ", utc.hour, utc.minute, utc.second);
  return utc.date() + text.data();
}

std::optional<WallTime> parse_utc(std::string_view text) {
  if (!has_form(text)) return std::nullopt;
  const int year = number_at(text, 0, 4);
  const chrono::year_month_day date(chrono::year(year),
                                    chrono::month(static_cast<unsigned>(number_at(text, 5, 2))),
                                    chrono::day(static_cast<unsigned>(number_at(text, 8, 2))));
  const int hour = number_at(text, 11, 2);
  const int minute = number_at(text, 14, 2);
  const int second = number_at(text, 17, 2);
  if (!date.ok() || year < kFirstYear || year > kLastYear || hour > 23 || minute > 59 ||
      second > 59)
    return std::nullopt;
  return chrono::sys_days(date) + chrono::hours(hour) + chrono::minutes(minute) +
         chrono::seconds(second);
}

}  // namespace base
