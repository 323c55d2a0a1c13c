// SPDX-License-Identifier: Apache-2.0
#include "daemon/supervisor/role_table.h"

#include <catch2/catch.hpp>

using ipc::Role;
using supervisor::row_of;

TEST_CASE("smtp may have those replaced that work on what strangers made, and nobody else") {
  CHECK(row_of(Role::Verify).can_get_stuck);
  CHECK(row_of(Role::Opinion).can_get_stuck);
  for (const Role role : {Role::Deliver, Role::Resolve, Role::Smtp})
    CHECK_FALSE(row_of(role).can_get_stuck);
}

TEST_CASE("a role that is not in the table has no rights") {
  const auto row = row_of(static_cast<Role>(200));
  CHECK_FALSE((row.talks_to_smtp || row.can_get_stuck || row.is_needed));
}

TEST_CASE("verifiers are as many as configured, the others are one each") {
  config::Workers workers;
  workers.verifiers = 3;
  CHECK(supervisor::processes_of(Role::Verify, workers) == 3);
  CHECK(supervisor::processes_of(Role::Deliver, workers) == 1);
  workers.verifiers = 0;
  CHECK(supervisor::processes_of(Role::Verify, workers) >= 1);
}
