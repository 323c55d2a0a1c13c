// SPDX-License-Identifier: Apache-2.0
// How a role ends when its channel to the supervisor does.
#include "daemon/common/supervisor_link.h"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "daemon/common/exit_code.h"
#include "support/few_descriptors.h"
#include "unit/sandbox/child.h"

namespace {

// Takes everything, and does nothing.
class Idle : public common::RoleHandler {
 public:
  void on_serve() override {}
  void on_ping(std::uint64_t) override {}
  void on_reload(std::uint64_t, base::UniqueFd) override {}
  void on_drain(std::chrono::milliseconds) override {}
  void on_peer(const ipc::RoleId&, base::UniqueFd) override {}
  void on_list_sessions(std::uint64_t) override {}
};

class Answering final : public Idle {
 public:
  void on_ping(std::uint64_t number) override { link->send(ipc::Sessions{number, {}}); }
  common::SupervisorLink* link = nullptr;
};

constexpr int kWentOn = 1;

// The end of a role that does this, when the supervisor has said so and died.
template <class Last, class Work>
std::string ends(const Last& last, Work work) {
  auto pair = ipc::Channel::make_pair();
  REQUIRE(pair.ok());
  {
    ipc::Channel supervisor(std::move(pair->first), ipc::State::RoleServing);
    REQUIRE(supervisor.send(last).ok());
  }
  return sandbox_test::in_child([&] {
    Idle idle;
    common::SupervisorLink link(ipc::Channel(std::move(pair->second), ipc::State::Serving), idle);
    work(link);
    return kWentOn;
  });
}

std::string exit_with(int code) { return "exit " + std::to_string(code); }

}  // namespace

TEST_CASE("a role ends well when the supervisor has died") {
  CHECK(ends(ipc::Ping{1}, [](auto& link) { link.on_readable(); }) == exit_with(common::kExitOk));
}

// Another role may be the first to die with it, and smtp has something to say of that.
TEST_CASE("a role ends as well when it was about to tell the dead supervisor something") {
  CHECK(ends(ipc::Ping{1}, [](auto& link) { link.send(ipc::PeerLost{{ipc::Role::Deliver}}); }) ==
        exit_with(common::kExitOk));
}

TEST_CASE("a role does what came whole, and ends in trouble for the descriptor that was lost") {
  auto pair = ipc::Channel::make_pair();
  REQUIRE(pair.ok());
  ipc::Channel supervisor(std::move(pair->first), ipc::State::RoleServing);
  const auto ended = sandbox_test::in_child([&] {
    Answering role;
    common::SupervisorLink link(ipc::Channel(std::move(pair->second), ipc::State::Serving), role);
    role.link = &link;
    if (!supervisor.send(ipc::Ping{1})) return 0;
    link.on_readable();  // UBSan knows the role's type from then on
    base::UniqueFd settings(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!supervisor.send(ipc::Ping{2}) || !supervisor.send(ipc::Reload{5}, std::move(settings)))
      return 0;
    const support::FewDescriptors none(false);
    link.on_readable();
    return kWentOn;
  });
  CHECK(ended == exit_with(common::kExitUnavailable));
  REQUIRE(supervisor.receive().ok());
  for (int i = 0; i < 2; ++i) {
    const auto answer = supervisor.next();
    REQUIRE(answer.ok());
    REQUIRE(answer->has_value());
    CHECK((*answer)->type == ipc::Type::Sessions);
  }
}

TEST_CASE("a role ends in trouble when the supervisor says what it may not") {
  CHECK(ends(ipc::Hello{}, [](auto& link) { link.on_readable(); }) ==
        exit_with(common::kExitUnavailable));
}
