// SPDX-License-Identifier: Apache-2.0
#include "policy/gate.h"

#include <catch2/catch.hpp>
#include <thread>

#include "support/gate_driver.h"

using namespace std::chrono_literals;
using policy::Client;
using policy::Limit;
using support::GateDriver;
using support::name_of;
using support::text_of;

namespace {

base::Network network(const char* text) { return *base::Network::parse(text); }
constexpr char kExempt[] = "203.0.113.7";

policy::LimitSettings few_in_all() {
  policy::LimitSettings limits = support::small_limits();
  limits.total_connections = 2;
  limits.total_handshakes = 2;
  limits.connections = 1000;
  limits.connection_rate.amount = limits.handshake_rate.amount = 1000;
  return limits;
}

}  // namespace

TEST_CASE("who may connect to a listener: all in its list, but for those in the other") {
  GateDriver driver;
  driver.access.deny = {network("192.0.2.0/24")};
  CHECK(name_of(driver.come("192.0.2.1")) == "access");
  CHECK(name_of(driver.come("192.0.3.1")) == "none");
  driver.access.allow = {network("192.0.2.0/23"), network("2001:db8::/32")};
  CHECK(name_of(driver.come("192.0.2.1")) == "access");
  CHECK(name_of(driver.come("192.0.3.1")) == "none");
  CHECK(name_of(driver.come("2001:db8::1")) == "none");
  CHECK(name_of(driver.come("198.51.100.1")) == "access");
  // An exempt network has fewer limits, and no more rights.
  CHECK(name_of(driver.come(kExempt)) == "access");
}

TEST_CASE("a denied client costs nothing: it is in no account and has no place") {
  GateDriver driver;
  driver.access.deny = {network("192.0.2.0/24")};
  for (int i = 0; i < 10; ++i) driver.come("192.0.2.1");
  CHECK(driver.gate.table().networks() == 0);
  CHECK(driver.gate.open() == 0);
}

TEST_CASE("a client that is refused by its network's limits leaves its place among all") {
  GateDriver driver;
  for (int i = 0; i < 10; ++i) driver.come("192.0.2.1");
  CHECK(driver.gate.open() == 3);
  driver.clients.clear();
  CHECK(driver.gate.open() == 0);
}

TEST_CASE("all connections together are counted, and those that end make room") {
  GateDriver driver(few_in_all());
  CHECK(name_of(driver.come("192.0.2.1")) == "none");
  CHECK(name_of(driver.come("192.0.2.2", 1)) == "none");
  CHECK(name_of(driver.come("192.0.2.3")) == "total_connections");
  driver.clients.pop_front();
  CHECK(name_of(driver.come("192.0.2.3")) == "none");
}

TEST_CASE("a listener has connections of its own, and those of all are among them") {
  GateDriver driver(few_in_all());
  driver.listener_limits.connections = 1;
  CHECK(name_of(driver.come("192.0.2.1", 0)) == "none");
  CHECK(name_of(driver.come("192.0.2.2", 0)) == "listener_connections");
  CHECK(driver.gate.open() == 1);
  CHECK(name_of(driver.come("192.0.2.2", 1)) == "none");
  driver.listener_limits.connections = 5;
  CHECK(name_of(driver.come("192.0.2.2", 1)) == "total_connections");
}

TEST_CASE("for exempt networks there is room when there is none for others, up to a point") {
  GateDriver driver(few_in_all());
  driver.listener_limits.connections = 2;
  for (int i = 0; i < 2; ++i) driver.client_from("192.0.2.1");
  CHECK(name_of(driver.come("192.0.2.1")) == "total_connections");
  for (std::size_t i = 0; i < policy::kExemptReserve; ++i)
    REQUIRE(name_of(driver.come(kExempt)) == "none");
  CHECK(name_of(driver.come(kExempt)) == "total_connections");
}

TEST_CASE("handshakes of all together are counted as long as they last") {
  policy::LimitSettings limits = few_in_all();
  limits.total_connections = 1000;
  GateDriver driver(limits);
  for (int i = 0; i < 2; ++i)
    CHECK(name_of(driver.client_from("192.0.2.1").begin_handshake(driver.now)) == "none");
  Client& third = driver.client_from("192.0.2.1");
  CHECK(name_of(third.begin_handshake(driver.now)) == "total_handshakes");
  driver.clients.front().end_handshake();
  CHECK(name_of(third.begin_handshake(driver.now)) == "none");
  // Who goes in the middle of one gives it back too.
  driver.clients.pop_back();
  CHECK(name_of(driver.clients.front().begin_handshake(driver.now)) == "none");
  CHECK(name_of(driver.client_from(kExempt).begin_handshake(driver.now)) == "none");
}

TEST_CASE("what a client had it gives back once, wherever it was moved to") {
  GateDriver driver;
  {
    Client moved(std::move(driver.client_from("192.0.2.1")));
    REQUIRE_FALSE(moved.begin_handshake(driver.now));
    const Client again(std::move(moved));
    driver.clients.clear();
    CHECK(driver.gate.open() == 1);
  }
  CHECK(driver.gate.open() == 0);
  const auto entry = driver.gate.table().look(
      GateDriver::address("192.0.2.1"), policy::Width::Narrow, driver.limits(), driver.now.steady);
  CHECK(entry->connections() == 0);
}

TEST_CASE("an exempt network meets none of the limits for one network") {
  GateDriver driver;
  for (int i = 0; i < 20; ++i) CHECK(name_of(driver.come(kExempt)) == "none");
  Client& client = driver.last();
  CHECK(client.exempt());
  client.count_bytes(1000, driver.now);
  client.count_errors(1000, "sid", driver.now);
  for (int i = 0; i < 20; ++i) {
    CHECK(client.count_unknown("sid", driver.now) == 0ms);
    CHECK_FALSE(client.begin_handshake(driver.now));
    CHECK_FALSE(client.begin_message(driver.now));
    CHECK_FALSE(client.add_recipient(driver.now));
    driver.gate.count_verifier_crash(GateDriver::address(kExempt), "sid", driver.limits(),
                                     driver.now);
  }
  CHECK_FALSE(client.guesses());
  CHECK(driver.imposed.empty());
  CHECK(driver.gate.table().networks() == 0);
}

TEST_CASE("no ban holds for an exempt network, nor for a proxy of ours that named no client") {
  GateDriver driver;
  REQUIRE(driver.gate.bans().add(network("0.0.0.0/8"), 1h, "why", driver.now.wall));
  REQUIRE(driver.gate.bans().add(network("203.0.113.0/24"), 1h, "why", driver.now.wall));
  CHECK(name_of(driver.come(kExempt)) == "none");
  CHECK(name_of(driver.come({GateDriver::address("0.0.0.1"), true}, 0)) == "none");
  CHECK(name_of(driver.come({GateDriver::address("0.0.0.1"), false}, 0)) == "ban");
  for (int i = 0; i < 10; ++i) {
    REQUIRE(name_of(driver.come({GateDriver::address("192.0.2.1"), true}, 0)) == "none");
    driver.last().count_errors(10, "sid", driver.now);
  }
  CHECK(driver.imposed.empty());
}

TEST_CASE("who is banned is told until when and why, at every step") {
  GateDriver driver;
  Client& before = driver.client_from("192.0.2.1");
  before.count_errors(4, "in 65A0.1", driver.now);
  REQUIRE(driver.imposed.size() == 1);
  const policy::Ban& ban = driver.imposed.front();
  CHECK(ban.network.to_string() == "192.0.2.1/32");
  CHECK(ban.cause == "error_rate");
  CHECK(ban.evidence == "192.0.2.1/32: 4 errors, limit 3/1m; in 65A0.1");
  const std::string told =
      "421 4.7.0 Your network is refused until 2026-11-22T13:00:00Z: Too many errors from your "
      "network";
  const auto refusal = driver.come("192.0.2.1");
  REQUIRE(name_of(refusal) == "ban");
  CHECK(text_of(refusal->reply) == told);
  CHECK(refusal->detail == "192.0.2.1/32: error_rate");
  CHECK(text_of(before.begin_message(driver.now)->reply) == told);
  CHECK(text_of(before.add_recipient(driver.now)->reply) == told);
  CHECK(name_of(driver.come("192.0.2.2")) == "none");
  driver.pass(1h);
  CHECK(name_of(driver.come("192.0.2.1")) == "none");
}

TEST_CASE("after a ban a network begins with an empty account") {
  GateDriver driver;
  driver.client_from("192.0.2.1").count_errors(500, "sid", driver.now);
  driver.pass(1h);
  Client& back = driver.client_from("192.0.2.1");
  back.count_errors(3, "sid", driver.now);
  CHECK(driver.imposed.size() == 1);
  back.count_errors(1, "sid", driver.now);
  CHECK(driver.imposed.size() == 2);
  CHECK(driver.imposed.back().times == 2);
}

TEST_CASE("many networks of a wide one that harvest together are banned together") {
  policy::LimitSettings limits = support::small_limits();
  limits.wide_factor = 2;
  GateDriver driver(limits);
  for (const char* from : {"192.0.2.1", "192.0.2.2", "192.0.2.3"}) {
    Client& client = driver.client_from(from);
    for (int i = 0; i < 3; ++i) client.count_unknown("sid", driver.now);
  }
  REQUIRE(driver.imposed.size() == 1);
  CHECK(driver.imposed.front().network.to_string() == "192.0.2.0/24");
  CHECK(driver.imposed.front().cause == "unknown_recipient_rate");
  CHECK(name_of(driver.come("192.0.2.99")) == "ban");
}

TEST_CASE("failed handshakes alone ban nobody") {
  policy::LimitSettings limits = support::small_limits();
  limits.connection_rate.amount = limits.handshake_rate.amount = 300;
  GateDriver driver(limits);
  for (int i = 0; i < 250; ++i) {
    Client& client = driver.client_from("192.0.2.1");
    CHECK_FALSE(client.begin_handshake(driver.now));
    client.end_handshake();
    driver.clients.clear();
  }
  CHECK(driver.imposed.empty());
}

TEST_CASE("unknown recipients are answered later and later, and then no more") {
  policy::LimitSettings limits = support::small_limits();
  limits.unknown_recipients_per_session = 6;
  limits.unknown_recipient_rate.amount = 100;
  GateDriver driver(limits);
  Client& client = driver.client_from("192.0.2.1");
  for (const auto delay : {1s, 2s, 4s, 8s, 8s}) {
    CHECK(client.count_unknown("sid", driver.now) == delay);
    CHECK_FALSE(client.guesses());
  }
  CHECK(client.count_unknown("sid", driver.now) == 8s);
  CHECK(client.guesses());
  CHECK(name_of(client.add_recipient(driver.now)) == "unknown_recipients");
  CHECK_FALSE(driver.client_from("192.0.2.1").guesses());
}

TEST_CASE("while something is scarce new sessions are refused, but not those of exempt networks") {
  GateDriver driver;
  Client& before = driver.client_from("192.0.2.1");
  driver.gate.shed_sessions(Limit::memory);
  CHECK(driver.gate.shedding() == Limit::memory);
  CHECK(name_of(driver.come("192.0.2.1")) == "memory");
  CHECK(name_of(driver.come(kExempt)) == "none");
  CHECK_FALSE(before.begin_message(driver.now));
  driver.gate.shed_sessions(std::nullopt);
  CHECK_FALSE(driver.gate.shedding());
  CHECK(name_of(driver.come("192.0.2.1")) == "none");
}

TEST_CASE("while mail is refused sessions go on, and nobody's mail is taken") {
  GateDriver driver;
  driver.gate.shed_mail(Limit::descriptors);
  CHECK(driver.gate.shedding() == Limit::descriptors);
  Client& client = driver.client_from("192.0.2.1");
  const auto refusal = client.begin_message(driver.now);
  REQUIRE(name_of(refusal) == "descriptors");
  CHECK(text_of(refusal->reply) == "452 4.3.1 Insufficient system storage");
  CHECK(name_of(driver.client_from(kExempt).begin_message(driver.now)) == "descriptors");
  driver.gate.shed_mail(std::nullopt);
  for (int i = 0; i < 3; ++i) CHECK_FALSE(client.begin_message(driver.now));
}

TEST_CASE("the size of the table follows the configuration") {
  GateDriver driver;
  CHECK(driver.gate.table().most_networks() >= 1000);
  policy::LimitSettings more = support::small_limits();
  more.tracked_networks = 5000;
  driver.gate.configure(more);
  CHECK(driver.gate.table().most_networks() >= 5000);
}

TEST_CASE("threads do not pass the totals together") {
  policy::LimitSettings limits = support::small_limits();
  limits.total_connections = 5;
  policy::Gate gate(limits, 1);
  std::atomic<bool> too_many{false};
  std::atomic<int> let_in{0};
  const auto work = [&] {
    for (int i = 0; i < 3000; ++i) {
      std::optional<policy::Gate::Seat> seat;
      if (gate.enter(0, {}, false, limits, seat)) continue;
      ++let_in;
      if (gate.open() > 5) too_many = true;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  CHECK_FALSE(too_many);
  CHECK(let_in > 0);
  CHECK(gate.open() == 0);
}
