// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/message_buffer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <vector>

#include "base/spare_descriptors.h"

using smtp_role::BufferBudget;
using smtp_role::MessagePart;

TEST_CASE("a part within the budget is taken, one byte more is not") {
  BufferBudget budget(1000);
  auto part = MessagePart::make(budget);
  REQUIRE(part.ok());
  CHECK((*part)->append(std::string(999, 'x')).ok());
  CHECK((*part)->append("y").ok());
  CHECK_FALSE((*part)->append("z").ok());
  CHECK((*part)->size() == 1000);
  CHECK(budget.used() == 1000);
}

TEST_CASE("the charge lasts as long as somebody has the part or its descriptor") {
  BufferBudget budget(1000);
  base::SharedFd fd;
  {
    auto part = MessagePart::make(budget);
    REQUIRE((*part)->append("hello").ok());
    auto sealed = (*part)->seal();
    REQUIRE(sealed.ok());
    fd = std::move(*sealed);
  }
  CHECK(budget.used() == 5);
  char buffer[8] = {};
  CHECK(::pread(fd->get(), buffer, sizeof buffer, 0) == 5);
  const int number = fd->get();
  fd.reset();
  CHECK(budget.used() == 0);
  CHECK(::fcntl(number, F_GETFD) == -1);
}

TEST_CASE("a part is sealed once, and given away as often as it is asked for") {
  BufferBudget budget(1000);
  auto part = MessagePart::make(budget);
  REQUIRE((*part)->append("hello").ok());
  const auto first = (*part)->seal();
  const auto second = (*part)->seal();
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  CHECK((*first)->get() == (*second)->get());
}

TEST_CASE("nobody can change a sealed part") {
  BufferBudget budget(1000);
  auto part = MessagePart::make(budget);
  REQUIRE((*part)->append("hello").ok());
  const auto sealed = (*part)->seal();
  REQUIRE(sealed.ok());
  const int fd = (*sealed)->get();
  CHECK(::pwrite(fd, "x", 1, 0) < 0);
  CHECK(::ftruncate(fd, 1) < 0);
  CHECK(::ftruncate(fd, 100) < 0);
  CHECK(::fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) < 0);
  CHECK_FALSE((*part)->append("x").ok());
}

TEST_CASE("a part is none that takes a spare descriptor") {
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit few{1000, before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
  std::vector<base::UniqueFd> others;
  do {
    others.emplace_back(::dup(0));
  } while (base::leaves_spare_descriptors(others.back().get()));
  BufferBudget budget(1000);
  CHECK_FALSE(MessagePart::make(budget).ok());
  others.resize(others.size() - 2);
  CHECK(MessagePart::make(budget).ok());
  others.clear();
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
}
