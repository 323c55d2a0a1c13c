// SPDX-License-Identifier: Apache-2.0
#include "base/clock_watch.h"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;

namespace {

// The clocks go on by 10 seconds from look to look, and the wall clock by `jump` besides.
struct Driven {
  base::Instant now{std::chrono::hours(5)};
  base::WallTime wall{std::chrono::seconds(1700000000)};
  base::ClockWatch watch{now, wall};

  std::chrono::seconds look(std::chrono::milliseconds jump) {
    now += 10s;
    wall += 10s + jump;
    return watch.set_back(now, wall);
  }
};

}  // namespace

TEST_CASE("a clock that is set back is told once, with how far") {
  Driven driven;
  CHECK(driven.look(0s) == 0s);
  CHECK(driven.look(-24h) == 24h);
  CHECK(driven.look(0s) == 0s);
  CHECK(driven.look(-3s) == 3s);
}

TEST_CASE("a clock that is set forward, or steered, is not told") {
  Driven driven;
  CHECK(driven.look(24h) == 0s);
  CHECK(driven.look(-1900ms) == 0s);
  CHECK(driven.look(1900ms) == 0s);
}
