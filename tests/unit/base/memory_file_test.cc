// SPDX-License-Identifier: Apache-2.0
#include "base/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace {

constexpr int kSealExec = 0x20;  // F_SEAL_EXEC, Linux 6.3

bool kernel_knows_noexec() {
  return base::UniqueFd(memfd_create("test", base::kMfdNoexecSeal)).get() >= 0;
}

}  // namespace

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
