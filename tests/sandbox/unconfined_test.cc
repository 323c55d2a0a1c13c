// SPDX-License-Identifier: Apache-2.0
// For builds with sanitizers, whose roles run unconfined: that they say so, and that nothing is in
// their way. The tests of unit/sandbox/ are for all other builds.
#include "sandbox/unconfined.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "base/unique_fd.h"
#include "sandbox/landlock.h"
#include "sandbox/process.h"
#include "sandbox/roles.h"

static_assert(sandbox::kUnconfined);

TEST_CASE("a build with sanitizers is not confined and says so") {
  const auto warnings = sandbox::restrict_files({});
  REQUIRE(warnings);
  CHECK(*warnings == std::vector<std::string>{"not confined: sanitizer build"});
  CHECK(base::UniqueFd(open("/etc/passwd", O_RDONLY)));
  REQUIRE(sandbox::restrict_calls(sandbox::Role::Smtp));
  CHECK(base::UniqueFd(socket(AF_UNIX, SOCK_STREAM, 0)));
  REQUIRE(sandbox::forbid_dumps());
  CHECK(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1);
}
