// SPDX-License-Identifier: Apache-2.0
#include "base/processors.h"

#include <sched.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <thread>

TEST_CASE("processors: those that a thread may run on") {
  cpu_set_t all;
  REQUIRE(::sched_getaffinity(0, sizeof all, &all) == 0);
  CHECK(base::usable_processors() == static_cast<unsigned>(CPU_COUNT(&all)));

  unsigned of_one = 0;
  std::thread([&] {
    cpu_set_t one;
    CPU_ZERO(&one);
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu)
      if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
    if (::sched_setaffinity(0, sizeof one, &one) == 0) of_one = base::usable_processors();
  }).join();
  CHECK(of_one == 1);
}
