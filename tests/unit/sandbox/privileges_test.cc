// SPDX-License-Identifier: Apache-2.0
// Each case in a child process: what is given up does not come back.
#include "sandbox/privileges.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <string>

namespace {

bool in_child(const std::function<bool()>& check) {
  const pid_t pid = fork();
  if (pid == 0) _exit(check() ? 0 : 1);
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string status_field(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.rfind(name + ":\t", 0) == 0) return line.substr(name.size() + 2);
  return {};
}

}  // namespace

TEST_CASE("no capability is left") {
  CHECK(in_child([] {
    if (!sandbox::drop_capabilities().ok()) return false;
    const std::string none = "0000000000000000";
    return status_field("CapEff") == none && status_field("CapPrm") == none &&
           status_field("CapAmb") == none && status_field("CapInh") == none &&
           prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  }));
}

TEST_CASE("root and unknown users are refused") {
  const auto unknown = sandbox::account_to_become("no-such-user");
  const auto root = sandbox::account_to_become("root");
  if (geteuid() != 0) {
    // Without root there is nothing to give up, whatever the name.
    REQUIRE(unknown.ok());
    CHECK_FALSE(unknown.value());
    return;
  }
  CHECK_FALSE(unknown.ok());
  CHECK_FALSE(root.ok());
  CHECK(sandbox::account_to_become("nobody").ok());
}

TEST_CASE("becoming a user is for good and drops all groups") {
  if (geteuid() != 0) return;
  CHECK(in_child([] {
    return sandbox::become_user(*base::find_account("nobody")).ok() && geteuid() != 0 &&
           getgroups(0, nullptr) == 0 && setresuid(0, 0, 0) != 0;
  }));
}
