// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>

namespace {

using namespace std::chrono_literals;

std::string shown(base::WallTime time) {
  const base::UtcTime utc(time);
  char text[64];
  std::snprintf(text, sizeof text, "%d %04d-%02u-%02u %02d:%02d:%02d.%03d",
                static_cast<int>(utc.weekday), utc.year, utc.month, utc.day, utc.hour, utc.minute,
                utc.second, utc.millisecond);
  return text;
}

TEST_CASE("a moment in UTC") {
  const base::WallTime epoch;
  CHECK(shown(epoch) == "4 1970-01-01 00:00:00.000");
  CHECK(shown(epoch - 1ms) == "3 1969-12-31 23:59:59.999");
  CHECK(base::UtcTime(epoch - 1ms).date() == "1969-12-31");
  CHECK(base::UtcTime(epoch).date() == "1970-01-01");
  CHECK(shown(epoch + 951827696s) == "2 2000-02-29 12:34:56.000");
  CHECK(shown(epoch + 4102444799s + 999ms) == "4 2099-12-31 23:59:59.999");
  CHECK(shown(epoch + 4107542400s) == "1 2100-03-01 00:00:00.000");  // 2100 has no leap day
  // Who has taken a role may send any.
  CHECK(shown(base::WallTime::min()) == "2 1677-09-21 00:12:43.145");
  CHECK(shown(base::WallTime::max()) == "5 2262-04-11 23:47:16.854");
}

TEST_CASE("a moment as text, and back") {
  const base::WallTime epoch;
  CHECK(base::utc_text(epoch + 951827696s + 999ms) == "2000-02-29T12:34:56Z");
  for (const char* text : {"1970-01-01T00:00:00Z", "2000-02-29T12:34:56Z", "2026-11-21T21:03:00Z",
                           "2261-12-31T23:59:59Z"}) {
    const auto time = base::parse_utc(text);
    REQUIRE(time.has_value());
    CHECK(base::utc_text(*time) == text);
  }
}

TEST_CASE("what is no moment") {
  for (const char* text : {"",
                           "2026-11-21",
                           "2026-11-21T21:03:00",
                           "2026-11-21T21:03:00z",
                           "2026-11-21 21:03:00Z",
                           "2026-11-21T21:03:00Z ",
                           " 2026-11-21T21:03:00Z",
                           "2026-11-21T21:03:00+0000",
                           "2026-1-211T21:03:00Z",
                           "2026-11-2xT21:03:00Z",
                           "-026-11-21T21:03:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-11-00T00:00:00Z",
                           "2026-11-21T24:00:00Z",
                           "2026-11-21T21:60:00Z",
                           "2026-11-21T21:03:60Z",
                           "1969-12-31T23:59:59Z",
                           "2262-01-01T00:00:00Z"}) {
    INFO(text);
    CHECK_FALSE(base::parse_utc(text).has_value());
  }
}

}  // namespace
