// SPDX-License-Identifier: Apache-2.0
#include "base/memory_file.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <iterator>
#include <latch>
#include <thread>
#include <vector>

#include "unit/sandbox/child.h"

namespace {

constexpr int kSealExec = 0x20;  // F_SEAL_EXEC, Linux 6.3

bool kernel_knows_noexec() {
  return base::UniqueFd(memfd_create("test", base::kMfdNoexecSeal)).get() >= 0;
}

// This process becomes one of an older kernel, which refuses the flag.
bool refuse_noexec() {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_create, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1])),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, base::kMfdNoexecSeal, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(filter), filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// How many of so many threads got no file.
int count_failures(int threads) {
  std::atomic<int> failures{0};
  std::latch together(threads);
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i)
    all.emplace_back([&] {
      together.arrive_and_wait();
      if (!base::memory_file("test")) ++failures;
    });
  for (std::thread& thread : all) thread.join();
  return failures;
}

}  // namespace

TEST_CASE("a kernel that does not know the flag gives one to every thread that asks first") {
  for (int i = 0; i < 20; ++i)  // each child is new to it
    REQUIRE(sandbox_test::in_child([] { return refuse_noexec() ? count_failures(16) : -1; }) ==
            sandbox_test::kGood);
}

TEST_CASE("a memory file can be written and sealed") {
  const auto fd = base::memory_file("test");
  REQUIRE(fd.ok());
  CHECK(fcntl(fd->get(), F_GETFD) == FD_CLOEXEC);
  CHECK(write(fd->get(), "x", 1) == 1);
  REQUIRE(fcntl(fd->get(), F_ADD_SEALS, F_SEAL_WRITE) == 0);
  CHECK(write(fd->get(), "x", 1) == -1);
}

TEST_CASE("nobody can execute it, where the kernel knows that") {
  for (int i = 0; i < 2; ++i) {
    const auto fd = base::memory_file("test");
    REQUIRE(fd.ok());
    CHECK((fcntl(fd->get(), F_GET_SEALS) & kSealExec) == (kernel_knows_noexec() ? kSealExec : 0));
    struct stat status {};
    REQUIRE(fstat(fd->get(), &status) == 0);
    CHECK((status.st_mode & 0111) == (kernel_knows_noexec() ? 0 : 0111));
  }
}
