// SPDX-License-Identifier: Apache-2.0
#include "base/unique_fd.h"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <utility>

using base::UniqueFd;

namespace {

bool is_open(int fd) { return fcntl(fd, F_GETFD) != -1; }

int new_fd() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

TEST_CASE("a descriptor is closed at the end") {
  int number = -1;
  {
    const UniqueFd fd(new_fd());
    number = fd.get();
    REQUIRE(fd);
    CHECK(is_open(number));
  }
  CHECK_FALSE(is_open(number));
}

TEST_CASE("an empty one is false and harmless") {
  UniqueFd fd;
  CHECK_FALSE(fd);
  CHECK(fd.get() == -1);
  fd.reset();
  CHECK_FALSE(fd);
}

TEST_CASE("moving passes ownership and closes what stood there") {
  UniqueFd first(new_fd());
  UniqueFd second(new_fd());
  const int kept = first.get();
  const int replaced = second.get();
  second = std::move(first);
  CHECK(second.get() == kept);
  CHECK(is_open(kept));
  CHECK_FALSE(is_open(replaced));

  const UniqueFd third(std::move(second));
  CHECK(third.get() == kept);
  CHECK(is_open(kept));
}

TEST_CASE("release gives ownership up") {
  UniqueFd fd(new_fd());
  const int number = fd.release();
  CHECK_FALSE(fd);
  CHECK(is_open(number));
  close(number);
}
