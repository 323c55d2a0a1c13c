// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/await_message.h"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <utility>

#include "support/few_descriptors.h"

TEST_CASE("await: what came whole is given ahead of the error behind it") {
  auto pair = ipc::Channel::make_pair();
  REQUIRE(pair.ok());
  ipc::Channel supervisor(std::move(pair->first), ipc::State::RoleServing);
  ipc::Channel role(std::move(pair->second), ipc::State::Serving);
  REQUIRE(supervisor.send(ipc::Ping{1}).ok());
  base::UniqueFd settings(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  REQUIRE(supervisor.send(ipc::Reload{5}, std::move(settings)).ok());
  const auto [first, second] = [&role] {
    const support::FewDescriptors none(false);
    auto whole = common::await_message(role);
    return std::pair(std::move(whole),
                     common::await_message(role, base::now() + std::chrono::seconds(20)));
  }();
  REQUIRE(first.ok());
  CHECK(first->type == ipc::Type::Ping);
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().reason == "descriptors were lost: too many are open");
}
