// SPDX-License-Identifier: Apache-2.0
#include "ipc/channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "support/few_descriptors.h"

namespace {

struct Ends {
  ipc::Channel a;
  ipc::Channel b;
};

// `a` plays the supervisor or smtp, `b` whoever hears it.
Ends make_ends(ipc::State b_hears) {
  auto pair = ipc::Channel::make_pair();
  REQUIRE(pair.ok());
  return {ipc::Channel(std::move(pair->first), ipc::State::RoleServing),
          ipc::Channel(std::move(pair->second), b_hears)};
}

std::optional<ipc::Message> take(ipc::Channel& channel) {
  REQUIRE(channel.receive().ok());
  auto message = channel.next();
  REQUIRE(message.ok());
  return std::move(*message);
}

}  // namespace

TEST_CASE("messages and descriptors arrive in order") {
  Ends ends = make_ends(ipc::State::Serving);
  base::UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  REQUIRE(ends.a.send(ipc::Ping{1}).ok());
  REQUIRE(ends.a.send(ipc::Reload{5}, std::move(fd)).ok());
  REQUIRE(ends.a.send(ipc::Ping{2}).ok());
  const auto first = take(ends.b);
  CHECK(ipc::unpack<ipc::Ping>(first->body)->number == 1);
  const auto second = take(ends.b);
  CHECK(second->type == ipc::Type::Reload);
  REQUIRE(second->fd);
  CHECK(::fcntl(second->fd->get(), F_GETFD) == FD_CLOEXEC);
  CHECK(ipc::unpack<ipc::Ping>(take(ends.b)->body)->number == 2);
  CHECK_FALSE(take(ends.b));
}

TEST_CASE("a descriptor for which there is no room is lost, and that is what is said") {
  Ends ends = make_ends(ipc::State::Serving);
  for (std::uint64_t i = 1; i <= 2; ++i) {
    REQUIRE(ends.a.send(ipc::Ping{i}).ok());
    REQUIRE(ends.a.send(ipc::Reload{i}, base::UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC))));
  }
  const auto received = [&] {
    const support::FewDescriptors one(true);
    return ends.b.receive();
  }();
  REQUIRE_FALSE(received);
  CHECK(received.error().reason == "descriptors were lost: too many are open");
  // What has come whole is there all the same, and the rest is nobody's fault.
  for (const auto type : {ipc::Type::Ping, ipc::Type::Reload, ipc::Type::Ping}) {
    const auto message = ends.b.next();
    REQUIRE(message.ok());
    REQUIRE(message->has_value());
    CHECK((*message)->type == type);
  }
  for (int i = 0; i < 2; ++i) {
    const auto message = ends.b.next();
    REQUIRE(message.ok());
    CHECK_FALSE(message->has_value());
  }
}

TEST_CASE("what the kernel does not take waits, whole and in order") {
  Ends ends = make_ends(ipc::State::FromSmtp);
  constexpr std::uint64_t kCount = 300;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    ipc::Deliver deliver{i, 0, 0, {{"d", "m", "", std::string(10000, 'h')}}};
    REQUIRE(ends.a.send(deliver, base::UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC))).ok());
  }
  CHECK(ends.a.wants_write());
  std::uint64_t expected = 0;
  for (int round = 0; round < 10000 && expected < kCount; ++round) {
    REQUIRE(ends.a.flush().ok());
    while (const auto message = take(ends.b)) {
      const auto deliver = ipc::unpack<ipc::Deliver>(message->body);
      REQUIRE(deliver);
      REQUIRE(message->fd);
      CHECK(deliver->message == expected);
      ++expected;
    }
  }
  CHECK(expected == kCount);
}

TEST_CASE("the other end's close is seen after its last message") {
  Ends ends = make_ends(ipc::State::Serving);
  REQUIRE(ends.a.send(ipc::Ping{7}).ok());
  { const ipc::Channel closed = std::move(ends.a); }
  const auto open = ends.b.receive();
  REQUIRE(open.ok());
  CHECK_FALSE(*open);
  const auto message = ends.b.next();
  REQUIRE(message.ok());
  CHECK(message.value().has_value());
}

TEST_CASE("sending to an end that was closed is EPIPE, whatever it had not read") {
  Ends ends = make_ends(ipc::State::Serving);
  const bool unread = GENERATE(true, false);
  if (unread) REQUIRE(ends.a.send(ipc::Ping{1}).ok());
  { const ipc::Channel closed = std::move(ends.b); }
  for (int i = 0; i < 2; ++i) {
    const auto sent = ends.a.send(ipc::Ping{2});
    REQUIRE_FALSE(sent.ok());
    CHECK(sent.error().system_error == EPIPE);
  }
}

TEST_CASE("a reader that never reads costs a bounded queue") {
  Ends ends = make_ends(ipc::State::Serving);
  ipc::Sessions big{1, {{"", "", "", "", std::string(15u << 20, 'x'), 0, 0}}};
  base::Status sent = base::ok();
  int count = 0;
  while (sent.ok() && ++count < 100) sent = ends.a.send(big);
  CHECK_FALSE(sent.ok());
  CHECK(count < 10);
}

TEST_CASE("a message at the wrong time ends the channel for good") {
  Ends ends = make_ends(ipc::State::AwaitWelcome);
  REQUIRE(ends.a.send(ipc::Serve{}).ok());
  REQUIRE(ends.a.send(ipc::Welcome{"x"}).ok());
  REQUIRE(ends.b.receive().ok());
  for (int i = 0; i < 2; ++i) {
    const auto message = ends.b.next();
    REQUIRE_FALSE(message.ok());
    CHECK(message.error().reason == "Serve may not come now");
  }
}
