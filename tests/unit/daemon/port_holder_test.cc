// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/port_holder.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>

#include "net/listener.h"

// `postern check` of an administrator prints it.
TEST_CASE("the holder of a port is named, without what its name would do to a terminal") {
  const auto listener = net::open_listener({*base::IpAddress::parse("127.0.0.1"), 0});
  REQUIRE(listener.ok());
  std::array<char, 16> before{};
  REQUIRE(::prctl(PR_GET_NAME, before.data()) == 0);
  REQUIRE(::prctl(PR_SET_NAME, "\x1b[2J\x9bholder") == 0);
  const auto holder = common::find_port_holder(net::local_endpoint(listener->get()));
  ::prctl(PR_SET_NAME, before.data());
  CHECK(holder == "?[2J?holder (pid " + std::to_string(::getpid()) + ")");
}
