// SPDX-License-Identifier: Apache-2.0
#include "policy/crowding.h"

#include <catch2/catch.hpp>

#include "support/gate_driver.h"

using namespace std::chrono_literals;
using policy::Client;
using policy::Crowd;
using policy::Limit;
using smtp::Standstill;
using support::GateDriver;
using At = Standstill::At;

namespace {

constexpr char kExempt[] = "203.0.113.7";

struct Stage {
  At at;
  std::chrono::seconds patience;
};
constexpr Stage kStages[] = {
    {At::Handshake, 3s}, {At::Beginning, 5s}, {At::Idle, 10s}, {At::Transaction, 30s}};

policy::LimitSettings few_places() {
  policy::LimitSettings limits = support::small_limits();
  limits.total_connections = 8;
  limits.total_handshakes = 4;
  limits.connections = 1000;
  limits.connection_rate.amount = limits.handshake_rate.amount = 1000;
  return limits;
}

// A gate with many clients, all of which began to stand still at the same time.
struct Driven : GateDriver {
  Driven() : GateDriver(few_places()) {}
  const base::Instant since = now.steady;

  void come_times(int times, std::size_t listener = 0) {
    for (int i = 0; i < times; ++i) REQUIRE_FALSE(come("192.0.2.1", listener));
  }
  bool gives_way(const Client& client, At at) const {
    return client.gives_way({at, since}, now.steady);
  }
};

}  // namespace

TEST_CASE("connections are crowded when three quarters are taken, handshakes beyond a half") {
  const auto connections = [](std::size_t used, std::size_t most) {
    Crowd crowd;
    crowd.add_connections(used, most);
    return crowd.connections && crowd.any() && !crowd.handshakes;
  };
  const auto handshakes = [](std::size_t used, std::size_t most) {
    Crowd crowd;
    crowd.add_handshakes(used, most);
    return crowd.handshakes && crowd.any() && !crowd.connections;
  };
  CHECK_FALSE(connections(7499, 10000));
  CHECK(connections(7500, 10000));
  CHECK(connections(1, 1));
  CHECK_FALSE(handshakes(500, 1000));
  CHECK(handshakes(501, 1000));
  CHECK_FALSE(Crowd().any());
}

TEST_CASE("what is crowded stays so, whatever else has room") {
  Crowd crowd;
  crowd.add_connections(10, 10);
  crowd.add_connections(0, 10);
  crowd.add_handshakes(10, 10);
  crowd.add_handshakes(0, 10);
  CHECK(crowd.connections);
  CHECK(crowd.handshakes);
}

TEST_CASE("when half of the memory is in use messages have to come in") {
  Crowd crowd;
  crowd.add_memory(499, 1000);
  CHECK_FALSE(crowd.any());
  CHECK_FALSE(crowd.presses(At::Transaction, 1h));
  crowd.add_memory(500, 1000);
  crowd.add_memory(0, 1000);
  CHECK(crowd.any());
  CHECK_FALSE(crowd.presses(At::Transaction, 10s - 1ms));
  CHECK(crowd.presses(At::Transaction, 10s));
  CHECK_FALSE(crowd.presses(At::Idle, 10s - 1ms));
  CHECK(crowd.presses(At::Idle, 10s));
}

TEST_CASE("what the gate is told of memory presses its clients") {
  Driven driven;
  driven.come_times(1);
  driven.pass(10s);
  CHECK_FALSE(driven.gives_way(driven.last(), At::Transaction));
  driven.gate.set_memory(1, 2);
  CHECK(driven.gives_way(driven.last(), At::Transaction));
  driven.gate.set_memory(0, 2);
  CHECK_FALSE(driven.gives_way(driven.last(), At::Transaction));
}

TEST_CASE("while there is room everybody may stand still") {
  Driven driven;
  driven.come_times(5);
  driven.pass(1h);
  for (const Stage& stage : kStages) CHECK_FALSE(driven.gives_way(driven.last(), stage.at));
}

TEST_CASE("when three quarters are taken each stage has its time") {
  for (const Stage& stage : kStages) {
    Driven driven;
    driven.come_times(6);
    driven.pass(stage.patience - 1ms);
    CHECK_FALSE(driven.gives_way(driven.last(), stage.at));
    driven.pass(1ms);
    CHECK(driven.gives_way(driven.last(), stage.at));
    driven.clients.pop_front();
    CHECK_FALSE(driven.gives_way(driven.last(), stage.at));
  }
}

TEST_CASE("when handshakes are crowded only these have to hurry") {
  Driven driven;
  driven.come_times(5);
  auto client = driven.clients.begin();
  for (int i = 0; i < 2; ++i) REQUIRE_FALSE((client++)->begin_handshake(driven.now));
  driven.pass(1h);
  CHECK_FALSE(driven.gives_way(driven.last(), At::Handshake));
  REQUIRE_FALSE(client->begin_handshake(driven.now));
  CHECK(driven.gives_way(driven.last(), At::Handshake));
  CHECK_FALSE(driven.gives_way(driven.last(), At::Beginning));
  client->end_handshake();
  CHECK_FALSE(driven.gives_way(driven.last(), At::Handshake));
}

TEST_CASE("when sessions are refused for what others hold, these give way") {
  Driven driven;
  const Client& exempt = driven.client_from(kExempt);
  driven.come_times(1);
  driven.pass(10s);
  for (const auto& [limit, gives_way] :
       {std::pair(Limit::descriptors, true), std::pair(Limit::memory, true),
        std::pair(Limit::spool_space, false)}) {
    driven.gate.shed_sessions(limit);
    CHECK(driven.gives_way(driven.last(), At::Idle) == gives_way);
    CHECK_FALSE(driven.gives_way(driven.last(), At::Transaction));
    CHECK_FALSE(driven.gives_way(exempt, At::Idle));
  }
  driven.gate.shed_sessions(std::nullopt);
  CHECK_FALSE(driven.gives_way(driven.last(), At::Idle));
}

TEST_CASE("at a listener that is crowded its own clients give way, and no others") {
  Driven driven;
  driven.listener_limits.connections = 4;
  driven.listener_limits.handshakes = 1;
  driven.come_times(3, 0);
  const Client& crowded = driven.last();
  driven.come_times(1, 1);
  Client& other = driven.last();
  driven.pass(1h);
  CHECK(driven.gives_way(crowded, At::Transaction));
  CHECK_FALSE(driven.gives_way(other, At::Transaction));
  CHECK(driven.gate.crowd(0, driven.listener_limits, driven.limits()).any());
  CHECK_FALSE(driven.gate.crowd(1, driven.listener_limits, driven.limits()).any());
  REQUIRE_FALSE(other.begin_handshake(driven.now));
  CHECK(driven.gives_way(other, At::Handshake));
  CHECK_FALSE(driven.gives_way(other, At::Beginning));
}

TEST_CASE("a client of an exempt network stays, and counts as one more that is there") {
  Driven driven;
  const Client& exempt = driven.client_from(kExempt);
  driven.come_times(4);
  driven.pass(1h);
  CHECK_FALSE(driven.gives_way(driven.last(), At::Idle));
  driven.come_times(1);
  CHECK(driven.gives_way(driven.last(), At::Idle));
  for (const Stage& stage : kStages) CHECK_FALSE(driven.gives_way(exempt, stage.at));
}
