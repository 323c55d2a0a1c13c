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
}

}  // namespace
