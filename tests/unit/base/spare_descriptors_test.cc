// SPDX-License-Identifier: Apache-2.0
#include "base/spare_descriptors.h"

#include <sys/resource.h>

#include <catch2/catch.hpp>

using base::leaves_spare_descriptors, base::kSpareDescriptors;

TEST_CASE("the last numbers are spare, of few a quarter") {
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  struct Row {
    rlim_t limit;
    int most;
  };
  for (const Row& row : {Row{1000, 1000 - kSpareDescriptors}, Row{256, 192}, Row{100, 75}}) {
    const rlimit limit{row.limit, before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(leaves_spare_descriptors(0));
    CHECK(leaves_spare_descriptors(row.most - 1));
    CHECK_FALSE(leaves_spare_descriptors(row.most));
  }
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
}
