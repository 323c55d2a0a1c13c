// SPDX-License-Identifier: Apache-2.0
#include "spool/spool_lock.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "support/temp_directory.h"

TEST_CASE("a locked directory is refused to another process, with the owner's pid") {
  const support::TempDirectory directory;
  const base::UniqueFd root(::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY));
  const spool::RootDirectory place{"state", directory.path()};
  auto lock = spool::lock_root(root.get(), place);
  REQUIRE(lock.ok());
  const std::string owner = "the state directory " + directory.path().string() + ": pid " +
                            std::to_string(::getpid()) + "; ";
  const auto try_in_child = [&] {
    const pid_t pid = ::fork();
    if (pid == 0) {
      const auto second = spool::lock_root(root.get(), place);
      ::_exit(second.ok() ? 0 : second.error().reason.find(owner) != std::string::npos ? 1 : 2);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
  };
  CHECK(try_in_child() == 1);
  lock->reset();
  CHECK(try_in_child() == 0);
}
