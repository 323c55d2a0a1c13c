// SPDX-License-Identifier: Apache-2.0
// The mechanism: actions, arguments, threads and ABIs. What the roles may do is in roles_test.cc.
#include "sandbox/seccomp.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <thread>

#include "unit/sandbox/child.h"

namespace {

using sandbox::ArgumentTest, sandbox::Filter;
using sandbox_test::in_child, sandbox_test::kGood, sandbox_test::kKilledByFilter;

constexpr std::uint64_t kInt = 0xffffffff;

ArgumentTest is(unsigned index, std::uint64_t value) {
  return {ArgumentTest::Kind::Masked, index, kInt, value};
}

// Enough for a child to end, and for threads.
Filter least() { return {{{"exit_group", {}}, {"exit", {}}, {"futex", {}}}, {}, {}, {}}; }

int attempt(long number, unsigned long a = 0, unsigned long b = 0, unsigned long c = 0) {
  errno = 0;
  return syscall(number, a, b, c) < 0 ? errno : 0;
}

}  // namespace

TEST_CASE("what is not allowed fails with EPERM, what is fatal ends the process") {
  Filter filter = least();
  filter.allowed.push_back({"getppid", {}});
  filter.fatal.push_back({"getsid", {}});
  CHECK(in_child([&] {
          if (!sandbox::install(filter)) return 1;
          if (attempt(SYS_getppid) != 0) return 2;
          return attempt(SYS_getuid) == EPERM ? 0 : 3;
        }) == kGood);
  CHECK(in_child([&] {
          if (!sandbox::install(filter)) return 1;
          attempt(SYS_getsid, 0);
          return 0;
        }) == kKilledByFilter);
}

TEST_CASE("what is unsupported says so, to whoever may make the call at all") {
  Filter filter = least();
  filter.allowed.push_back({"getpgid", {}});
  filter.unsupported.push_back(
      {"getpgid", {{ArgumentTest::Kind::Masked, 0, 0x20000000, 0x20000000}}});
  filter.unsupported.push_back({"getuid", {}});
  CHECK(in_child([&] {
          if (!sandbox::install(filter)) return 1;
          if (attempt(SYS_getpgid, 0) != 0) return 2;
          if (attempt(SYS_getpgid, 0x20000001) != EOPNOTSUPP) return 3;
          return attempt(SYS_getuid) == EPERM ? 0 : 4;
        }) == kGood);
}

TEST_CASE("fatal and refused rules win over one that allows the same call") {
  Filter filter = least();
  filter.allowed.push_back({"getpgid", {}});
  filter.refused.push_back({"getpgid", {is(0, 7)}});
  filter.fatal.push_back({"getpgid", {{ArgumentTest::Kind::Differs, 1, 0, 0}}});
  CHECK(in_child([&] {
          if (!sandbox::install(filter)) return 1;
          if (attempt(SYS_getpgid, 0, 0) != 0) return 2;
          if (attempt(SYS_getpgid, 7, 0) != EPERM) return 3;
          // The kernel reads 7 here: the upper half of the register is no way around.
          return attempt(SYS_getpgid, 7 | 1ul << 32, 0) == EPERM ? 0 : 4;
        }) == kGood);
  CHECK(in_child([&] {
          if (!sandbox::install(filter)) return 1;
          attempt(SYS_getpgid, 0, 1ul << 63);
          return 0;
        }) == kKilledByFilter);
}

TEST_CASE("several rules for a call are alternatives, several tests in a rule all hold") {
  Filter filter = least();
  filter.allowed.push_back({"getpriority", {is(0, 0), is(1, 0)}});
  filter.allowed.push_back({"getpriority", {is(0, 2)}});
  CHECK(in_child([&] {
          if (!sandbox::install(filter)) return 1;
          if (attempt(SYS_getpriority, 0, 0) != 0) return 2;
          if (attempt(SYS_getpriority, 0, 1) != EPERM) return 3;
          if (attempt(SYS_getpriority, 2, 0) != 0) return 4;
          return attempt(SYS_getpriority, 1, 0) == EPERM ? 0 : 5;
        }) == kGood);
}

TEST_CASE("threads that run already are bound") {
  CHECK(in_child([] {
          std::atomic<bool> installed{false};
          std::atomic<int> result{-1};
          std::thread other([&] {
            while (!installed) installed.wait(false);
            result = attempt(SYS_getppid);
          });
          Filter filter = least();
          // The thread may not even have made its first calls yet.
          for (const char* call : {"sched_yield", "rseq", "set_robust_list", "rt_sigprocmask"})
            filter.allowed.push_back({call, {}});
          if (!sandbox::install(filter)) return 1;
          installed = true;
          installed.notify_all();
          other.join();
          return result == EPERM ? 0 : 2;
        }) == kGood);
}

TEST_CASE("no new privileges afterwards") {
  Filter filter = least();
  filter.allowed.push_back({"prctl", {}});
  CHECK(in_child([&] {
          if (!sandbox::install(filter)) return 1;
          return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 2;
        }) == kGood);
}

TEST_CASE("a name that is no system call is an error, and nothing is installed") {
  Filter filter = least();
  filter.allowed.push_back({"open_sesame", {}});
  CHECK(in_child([&] {
          const auto status = sandbox::install(filter);
          if (status || status.error().reason.find("open_sesame") == std::string::npos) return 1;
          return attempt(SYS_getuid) == 0 ? 0 : 2;
        }) == kGood);
}

#ifdef __x86_64__
// The same numbers mean other calls there: 20 is writev here and getpid in the table for 32 bits.
TEST_CASE("the 32-bit ways into the kernel are closed") {
  const auto getpid_32 = [] {
    long result = 20;
    asm volatile("int $0x80" : "+a"(result) : : "memory");
    return result;
  };
  CHECK(in_child([&] { return getpid_32() == getpid() ? 0 : 1; }) == kGood);
  CHECK(in_child([&] {
          if (!sandbox::install(least())) return 1;
          getpid_32();
          return 0;
        }) == kKilledByFilter);
  constexpr long kX32 = 0x40000000;
  CHECK(in_child([&] {
          if (!sandbox::install(least())) return 1;
          attempt(SYS_getppid | kX32);
          return 0;
        }) == kKilledByFilter);
}
#endif
