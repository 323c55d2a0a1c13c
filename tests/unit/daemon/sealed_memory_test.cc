// SPDX-License-Identifier: Apache-2.0
// Memory from another process, which may have been taken over: what of it is read, and what is not.
#include "daemon/common/sealed_memory.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>

namespace {

constexpr int kAll = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

// Holes, without a byte in memory.
base::UniqueFd memory(off_t size, int seals) {
  base::UniqueFd fd(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  REQUIRE(::ftruncate(fd.get(), size) == 0);
  REQUIRE(::fcntl(fd.get(), F_ADD_SEALS, seals) == 0);
  return fd;
}

}  // namespace

TEST_CASE("sealed memory: all seals are needed, and there may be more") {
  CHECK(common::is_sealed_memory(memory(3, kAll).get(), 3));
  CHECK(common::read_sealed_memory(memory(3, kAll).get()).ok());
  // As F_SEAL_EXEC, which kernels add that are told to (vm.memfd_noexec).
  const auto more = memory(3, kAll | F_SEAL_FUTURE_WRITE);
  CHECK(common::is_sealed_memory(more.get(), 3));
  CHECK(common::read_sealed_memory(more.get()).ok());
  for (const int missing : {F_SEAL_WRITE, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_SEAL}) {
    const auto less = memory(3, kAll & ~missing);
    CHECK_FALSE(common::is_sealed_memory(less.get(), 3));
    CHECK_FALSE(common::read_sealed_memory(less.get()).ok());
  }
}

TEST_CASE("sealed memory: of the size that was told, and of none that would take all memory") {
  for (const std::size_t told : {std::size_t{0}, std::size_t{2}, std::size_t{4}, SIZE_MAX})
    CHECK_FALSE(common::is_sealed_memory(memory(3, kAll).get(), told));
  CHECK(common::read_sealed_memory(memory(0, kAll).get()).ok());
  const auto most = static_cast<off_t>(common::kMaxSealedBytes);
  CHECK_FALSE(common::read_sealed_memory(memory(most + 1, kAll).get()).ok());
  CHECK_FALSE(common::read_sealed_memory(memory(off_t{1} << 62, kAll).get()).ok());
}

TEST_CASE("sealed memory: what is no memory is none") {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const base::UniqueFd one(ends[0]), other(ends[1]);
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const base::UniqueFd reading(ends[0]), writing(ends[1]);
  const base::UniqueFd event(::eventfd(1, EFD_CLOEXEC));
  const base::UniqueFd file(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  for (const base::UniqueFd* fd : {&one, &reading, &event, &file}) {
    CHECK_FALSE(common::is_sealed_memory(fd->get(), 0));
    CHECK_FALSE(common::read_sealed_memory(fd->get()).ok());
  }
}
