// SPDX-License-Identifier: Apache-2.0
#include "sandbox/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <new>
#include <string>

#include "unit/sandbox/child.h"

using sandbox_test::in_child, sandbox_test::kGood;

TEST_CASE("neither a core file nor a tracer of the same user sees the memory") {
  CHECK(in_child([] {
          if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 1) return 1;
          if (!sandbox::forbid_dumps()) return 2;
          if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return 3;
          rlimit limit{};
          getrlimit(RLIMIT_CORE, &limit);
          return limit.rlim_cur == 0 && limit.rlim_max == 0 ? 0 : 4;
        }) == kGood);
}

TEST_CASE("a crash leaves no core file, whatever the limit was") {
  CHECK(in_child([] {
          const pid_t pid = fork();
          if (pid == 0) {
            if (!sandbox::forbid_dumps()) _exit(1);
            std::abort();
          }
          int status = 0;
          waitpid(pid, &status, 0);
          return WIFSIGNALED(status) && !WCOREDUMP(status) ? 0 : 1;
        }) == kGood);
}

TEST_CASE("descriptors up to the hard limit can be open") {
  CHECK(in_child([] {
          rlimit limit{};
          getrlimit(RLIMIT_NOFILE, &limit);
          limit.rlim_cur = 20;
          setrlimit(RLIMIT_NOFILE, &limit);
          if (fcntl(0, F_DUPFD, 30) >= 0) return 1;
          const auto raised = sandbox::raise_descriptor_limit();
          if (!raised || *raised != limit.rlim_max) return 2;
          return fcntl(0, F_DUPFD, 30) >= 30 ? 0 : 3;
        }) == kGood);
}

TEST_CASE("memory beyond the limit is refused, and an allocation says so") {
  constexpr std::uint64_t kLimit = 256u << 20;
  CHECK(in_child([&] {
          if (!sandbox::limit_address_space(kLimit)) return 1;
          const auto fits = [](std::size_t bytes) {
            try {
              return std::string(bytes, 'x').back() == 'x';
            } catch (const std::bad_alloc&) {
              return false;
            }
          };
          return fits(kLimit / 4) && !fits(kLimit) ? 0 : 2;
        }) == kGood);
}

TEST_CASE("a role ends with its parent") {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  CHECK(in_child([&] {
          const pid_t pid = fork();
          if (pid == 0) {
            sandbox::die_with_parent();
            const char ready = 'r';
            if (write(ends[1], &ready, 1) != 1) _exit(1);
            for (;;) pause();
          }
          char ready = 0;
          return read(ends[0], &ready, 1) == 1 ? 0 : 1;
        }) == kGood);
  // The end of the pipe comes when the last process that could write is gone.
  close(ends[1]);
  pollfd end{ends[0], POLLIN, 0};
  CHECK(poll(&end, 1, 5000) == 1);
  CHECK((end.revents & POLLHUP) != 0);
  close(ends[0]);
}
