// SPDX-License-Identifier: Apache-2.0
// Compiled with the ABI capped at 1: a kernel on which no mail could be delivered under Landlock.
#include <fcntl.h>

#include <catch2/catch.hpp>

#include "base/unique_fd.h"
#include "sandbox/landlock.h"
#include "unit/sandbox/child.h"

TEST_CASE("without a Landlock that is good enough there is a warning and no restriction") {
  CHECK(sandbox_test::in_child([] {
          const auto warnings = sandbox::restrict_files({});
          if (!warnings) return 1;
          if (warnings->back().find("ABI 1 and is not used") == std::string::npos) return 2;
          return base::UniqueFd(open("/etc/passwd", O_RDONLY)) ? 0 : 3;
        }) == sandbox_test::kGood);
}
