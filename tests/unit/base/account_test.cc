// SPDX-License-Identifier: Apache-2.0
#include "base/account.h"

#include <unistd.h>

#include <catch2/catch.hpp>

TEST_CASE("accounts are found by name, with their groups") {
  const auto root = base::find_account("root");
  REQUIRE(root);
  CHECK(root->uid == 0);
  CHECK(root->gid == 0);
  CHECK(root->group == "root");
  CHECK_FALSE(root->groups.empty());
  CHECK_FALSE(base::find_account("no-such-user"));
}

TEST_CASE("users are named for messages, nameless ones by number") {
  CHECK(base::user_and_uid(0) == "root (uid 0)");
  CHECK(base::user_and_uid(4000000000u) == "4000000000 (uid 4000000000)");
  CHECK(base::current_account().uid == ::geteuid());
}
