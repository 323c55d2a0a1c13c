// SPDX-License-Identifier: Apache-2.0
#include "policy/rate_table.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using policy::Account;
using policy::Limit;
using policy::LimitSettings;
using policy::RateTable;
using policy::Width;

namespace {

constexpr base::Instant kStart{1h};
constexpr std::size_t kSmall = 100;  // networks; in one part, so that they go in the order of use

base::IpAddress address(const std::string& text) { return *base::IpAddress::parse(text); }
// Each in a wide network of its own, below a million.
base::IpAddress client(std::size_t number) {
  return address("10." + std::to_string(number >> 8 & 255) + '.' + std::to_string(number & 255) +
                 '.' + std::to_string(number >> 16));
}

// Three of each kind, ten times as many in the wide network.
LimitSettings tight() {
  LimitSettings settings;
  settings.connections = 3;
  for (const policy::AccountRule& rule : policy::account_table()) settings.*rule.rate = {3, 1min};
  return settings;
}
LimitSettings without_rates() {
  LimitSettings settings = tight();
  settings.connection_rate = {1'000'000, 1min};
  return settings;
}

void check_excess(const RateTable::Outcome& outcome, Limit limit, const char* network,
                  const char* detail) {
  REQUIRE(outcome);
  CHECK(rule_of(outcome->limit).name == rule_of(limit).name);
  CHECK(outcome->network.to_string() == network);
  CHECK(outcome->detail == detail);
}

double level(const RateTable& table, const base::IpAddress& of, Account account, Width width,
             base::Instant now, const LimitSettings& settings) {
  const auto found = table.look(of, width, settings, now);
  return found ? found->level(account) : -1;
}

// What the table counts with, one call at a time.
struct Driven {
  LimitSettings settings = tight();
  RateTable table{kSmall};
  base::Instant now = kStart;

  RateTable::Outcome open(const std::string& from) {
    return table.open(address(from), settings, now);
  }
  RateTable::Outcome take(const std::string& from, Account account) {
    return table.take(address(from), account, settings, now);
  }
  RateTable::Outcome add(const std::string& from, Account account, double amount) {
    return table.add(address(from), account, amount, settings, now);
  }
  RateTable::Outcome full(const std::string& from, Account account) const {
    return table.full(address(from), account, settings, now);
  }
  double narrow(const std::string& of, Account account) const {
    return level(table, address(of), account, Width::Narrow, now, settings);
  }
  double wide(const std::string& of, Account account) const {
    return level(table, address(of), account, Width::Wide, now, settings);
  }
};

// Ten clients of one wide network, each with as much as it may: 30 in all.
template <class Do>
void fill_wide_network(Do one) {
  for (int i = 0; i < 10; ++i)
    for (int j = 0; j < 3; ++j) REQUIRE_FALSE(one("192.0.2." + std::to_string(i)));
}

}  // namespace

TEST_CASE("each account of a network holds its limit, and no account another's") {
  for (const policy::AccountRule& rule : policy::account_table()) {
    INFO(rule.name);
    Driven driven;
    for (int i = 0; i < 3; ++i) CHECK_FALSE(driven.take("192.0.2.1", rule.account));
    check_excess(driven.take("192.0.2.1", rule.account), rule.limit, "192.0.2.1/32",
                 ("192.0.2.1/32: 4 " + std::string(rule.name) + ", limit 3/1m").c_str());
    for (const policy::AccountRule& other : policy::account_table())
      if (other.account != rule.account) CHECK_FALSE(driven.take("192.0.2.1", other.account));
    CHECK_FALSE(driven.take("192.0.2.2", rule.account));
  }
}

TEST_CASE("each account of a wide network holds its limit") {
  for (const policy::AccountRule& rule : policy::account_table()) {
    INFO(rule.name);
    Driven driven;
    fill_wide_network([&](const auto& from) { return driven.take(from, rule.account); });
    check_excess(driven.take("192.0.2.99", rule.account), rule.limit, "192.0.2.0/24",
                 ("192.0.2.0/24: 31 " + std::string(rule.name) + ", limit 30/1m").c_str());
    CHECK_FALSE(driven.take("192.0.3.99", rule.account));
  }
}

TEST_CASE("what a new connection would come to is told, and counts nothing") {
  Driven driven;
  const auto foreseen = [&](const std::string& from) {
    return driven.table.would_open(address(from), driven.settings, driven.now);
  };
  for (int i = 0; i < 10; ++i) {
    const std::string from = "192.0.2." + std::to_string(i);
    for (int j = 0; j < 3; ++j) {
      CHECK_FALSE(foreseen(from));
      REQUIRE_FALSE(driven.open(from));
    }
    if (i < 9)  // then the wide one is full, and asked first
      check_excess(foreseen(from), Limit::connections, (from + "/32").c_str(),
                   (from + "/32: 3 connections, limit 3").c_str());
  }
  check_excess(foreseen("192.0.2.99"), Limit::connections, "192.0.2.0/24",
               "192.0.2.0/24: 30 connections, limit 30");
  driven.table.close(address("192.0.2.1"), driven.settings);
  check_excess(foreseen("192.0.2.1"), Limit::connection_rate, "192.0.2.0/24",
               "192.0.2.0/24: 31 new connections, limit 30/1m");
  driven.now += 1min;
  CHECK_FALSE(foreseen("192.0.2.1"));
  CHECK_FALSE(foreseen("198.51.100.1"));
}

TEST_CASE("IPv6 clients are counted by their /64 and /48") {
  Driven driven;
  for (int i = 0; i < 3; ++i)
    CHECK_FALSE(driven.take("2001:db8:1:2::" + std::to_string(i), Account::Messages));
  check_excess(driven.take("2001:db8:1:2:ffff::", Account::Messages), Limit::message_rate,
               "2001:db8:1:2::/64", "2001:db8:1:2::/64: 4 messages, limit 3/1m");
  for (int i = 0; i < 27; ++i)
    CHECK_FALSE(driven.take("2001:db8:1:1" + std::to_string(i) + "::", Account::Messages));
  check_excess(driven.take("2001:db8:1:99::", Account::Messages), Limit::message_rate,
               "2001:db8:1::/48", "2001:db8:1::/48: 31 messages, limit 30/1m");
  CHECK_FALSE(driven.take("2001:db8:2::", Account::Messages));
}

TEST_CASE("an IPv4 client over IPv6 has no second account") {
  Driven driven;
  CHECK_FALSE(driven.take("192.0.2.1", Account::Messages));
  CHECK_FALSE(driven.take("::ffff:192.0.2.1", Account::Messages));
  CHECK(driven.narrow("192.0.2.1", Account::Messages) == 2);
  CHECK(driven.table.networks() == 2);
}

TEST_CASE("connections at the same time are counted, and come back") {
  Driven driven;
  driven.settings = without_rates();
  for (int i = 0; i < 3; ++i) CHECK_FALSE(driven.open("192.0.2.1"));
  check_excess(driven.open("192.0.2.1"), Limit::connections, "192.0.2.1/32",
               "192.0.2.1/32: 3 connections, limit 3");
  driven.table.close(address("192.0.2.1"), driven.settings);
  CHECK_FALSE(driven.open("192.0.2.1"));
  CHECK(driven.open("192.0.2.1"));
}

TEST_CASE("connections at the same time of a wide network are counted") {
  Driven driven;
  driven.settings = without_rates();
  fill_wide_network([&](const auto& from) { return driven.open(from); });
  check_excess(driven.open("192.0.2.99"), Limit::connections, "192.0.2.0/24",
               "192.0.2.0/24: 30 connections, limit 30");
  driven.table.close(address("192.0.2.0"), driven.settings);
  CHECK_FALSE(driven.open("192.0.2.99"));
}

TEST_CASE("new connections count although they have ended") {
  Driven driven;
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(driven.open("192.0.2.1"));
    driven.table.close(address("192.0.2.1"), driven.settings);
  }
  check_excess(driven.open("192.0.2.1"), Limit::connection_rate, "192.0.2.1/32",
               "192.0.2.1/32: 4 new connections, limit 3/1m");
}

TEST_CASE("what is refused is not counted, in either network") {
  Driven driven;
  for (int i = 0; i < 9; ++i) driven.take("192.0.2.1", Account::Messages);
  CHECK(driven.narrow("192.0.2.1", Account::Messages) == 3);
  CHECK(driven.wide("192.0.2.1", Account::Messages) == 3);
  for (int i = 0; i < 9; ++i) driven.open("192.0.2.1");
  CHECK(driven.narrow("192.0.2.1", Account::Connections) == 3);
  CHECK(driven.wide("192.0.2.1", Account::Connections) == 3);
  CHECK(driven.table.look(address("192.0.2.1"), Width::Wide, driven.settings, kStart)
            ->connections() == 3);
}

TEST_CASE("a wide network that is full lets its narrow ones take no place in the table") {
  Driven driven;
  fill_wide_network([&](const auto& from) { return driven.take(from, Account::Messages); });
  const std::size_t before = driven.table.networks();
  for (int i = 100; i < 200; ++i)
    CHECK(driven.take("192.0.2." + std::to_string(i), Account::Messages));
  CHECK(driven.table.networks() == before);
  CHECK(driven.narrow("192.0.2.0", Account::Messages) == 3);
}

TEST_CASE("an account empties evenly and then has room again") {
  Driven driven;
  for (int i = 0; i < 3; ++i) driven.take("192.0.2.1", Account::Messages);
  driven.now = kStart + 19s;
  CHECK(driven.take("192.0.2.1", Account::Messages));
  driven.now = kStart + 21s;
  CHECK_FALSE(driven.take("192.0.2.1", Account::Messages));
  CHECK(driven.take("192.0.2.1", Account::Messages));
  driven.now = kStart + 2min;
  for (int i = 0; i < 3; ++i) CHECK_FALSE(driven.take("192.0.2.1", Account::Messages));
  CHECK(driven.take("192.0.2.1", Account::Messages));
}

TEST_CASE("over a long time a client gets what the rate says, and no more") {
  Driven driven;
  int taken = 0;
  for (int second = 0; second < 3600; ++second) {
    driven.now = kStart + std::chrono::seconds(second);
    while (!driven.take("192.0.2.1", Account::Messages)) ++taken;
  }
  CHECK(taken >= 3 * 59);
  CHECK(taken <= 3 * 61);
}

TEST_CASE("a clock that goes back changes no account") {
  Driven driven;
  for (int i = 0; i < 3; ++i) driven.take("192.0.2.1", Account::Messages);
  driven.now = kStart - 30min;
  CHECK(driven.take("192.0.2.1", Account::Messages));
  CHECK(driven.narrow("192.0.2.1", Account::Messages) == 3);
  driven.now = kStart;
  CHECK(driven.take("192.0.2.1", Account::Messages));
}

TEST_CASE("add() counts in any case, and tells when an account is over its limit") {
  Driven driven;
  CHECK_FALSE(driven.add("192.0.2.1", Account::Errors, 3));
  check_excess(driven.add("192.0.2.1", Account::Errors, 0.5), Limit::error_rate, "192.0.2.1/32",
               "192.0.2.1/32: 4 errors, limit 3/1m");
  CHECK(driven.narrow("192.0.2.1", Account::Errors) == 3.5);
  // Of both the narrow one: it is what stands out.
  check_excess(driven.add("192.0.2.1", Account::Errors, 100), Limit::error_rate, "192.0.2.1/32",
               "192.0.2.1/32: 104 errors, limit 3/1m");
  check_excess(driven.add("192.0.2.2", Account::Errors, 1), Limit::error_rate, "192.0.2.0/24",
               "192.0.2.0/24: 105 errors, limit 30/1m");
  CHECK(driven.wide("192.0.2.1", Account::Errors) == 104.5);
}

TEST_CASE("full() tells that an account has no room, and counts nothing") {
  Driven driven;
  CHECK_FALSE(driven.full("192.0.2.1", Account::Bytes));
  CHECK(driven.table.networks() == 0);
  driven.add("192.0.2.1", Account::Bytes, 2);
  CHECK_FALSE(driven.full("192.0.2.1", Account::Bytes));
  driven.add("192.0.2.1", Account::Bytes, 1);
  for (int i = 0; i < 2; ++i)
    check_excess(driven.full("192.0.2.1", Account::Bytes), Limit::byte_rate, "192.0.2.1/32",
                 "192.0.2.1/32: 3 bytes, limit 3/1m");
  driven.add("192.0.2.1", Account::Bytes, 27);
  CHECK(driven.full("192.0.2.2", Account::Bytes)->network.to_string() == "192.0.2.0/24");
  driven.now = kStart + 11min;
  CHECK_FALSE(driven.full("192.0.2.1", Account::Bytes));
}

TEST_CASE("clear() empties one account of one network") {
  Driven driven;
  driven.add("192.0.2.1", Account::Errors, 9);
  driven.add("192.0.2.1", Account::Messages, 2);
  driven.table.clear(*base::Network::parse("192.0.2.1/32"), Account::Errors);
  CHECK(driven.narrow("192.0.2.1", Account::Errors) == 0);
  CHECK(driven.narrow("192.0.2.1", Account::Messages) == 2);
  CHECK(driven.wide("192.0.2.1", Account::Errors) == 9);
  driven.table.clear(*base::Network::parse("198.51.100.1/32"), Account::Errors);
  CHECK(driven.table.networks() == 2);
}

TEST_CASE("a table that is full forgets who did nothing for longest") {
  Driven driven;
  for (std::size_t i = 0; i < kSmall / 2; ++i)
    CHECK_FALSE(driven.table.take(client(i), Account::Messages, driven.settings, kStart));
  CHECK(driven.table.networks() == kSmall);
  const auto known = [&](std::size_t number) {
    return driven.table.look(client(number), Width::Narrow, driven.settings, kStart).has_value();
  };
  // The first does something once more, so the second goes.
  driven.table.take(client(0), Account::Messages, driven.settings, kStart);
  driven.table.take(client(1000), Account::Messages, driven.settings, kStart);
  CHECK(driven.table.networks() == kSmall);
  CHECK(known(0));
  CHECK_FALSE(known(1));
  CHECK(known(2));
  CHECK(known(1000));
}

TEST_CASE("networks with connections are not forgotten") {
  Driven driven;
  const auto open = [&](std::size_t number) {
    return driven.table.open(client(number), driven.settings, kStart);
  };
  for (std::size_t i = 0; i < 10; ++i) REQUIRE_FALSE(open(i));
  for (std::size_t i = 100; i < 1000; ++i)
    CHECK_FALSE(driven.table.take(client(i), Account::Messages, driven.settings, kStart));
  for (std::size_t i = 0; i < 10; ++i)
    for (const Width width : {Width::Narrow, Width::Wide})
      CHECK(driven.table.look(client(i), width, driven.settings, kStart)->connections() == 1);
  for (std::size_t i = 0; i < 10; ++i) driven.table.close(client(i), driven.settings);
  for (std::size_t i = 2000; i < 3000; ++i)
    driven.table.take(client(i), Account::Messages, driven.settings, kStart);
  CHECK_FALSE(driven.table.look(client(0), Width::Narrow, driven.settings, kStart));
}

TEST_CASE("when every network has connections there is no room for another") {
  Driven driven;
  std::size_t opened = 0;
  while (!driven.table.open(client(opened), driven.settings, kStart)) ++opened;
  CHECK(opened == driven.table.most_networks() / 2);
  const auto refused = driven.table.open(client(opened), driven.settings, kStart);
  REQUIRE(refused);
  CHECK(refused->limit == Limit::tracked_networks);
  CHECK(driven.table.take(client(opened), Account::Messages, driven.settings, kStart)->limit ==
        Limit::tracked_networks);
  CHECK_FALSE(driven.table.look(client(opened), Width::Narrow, driven.settings, kStart));
  // Whoever is in it goes on.
  CHECK_FALSE(driven.table.take(client(0), Account::Messages, driven.settings, kStart));
  driven.table.close(client(0), driven.settings);
  CHECK_FALSE(driven.table.open(client(opened), driven.settings, kStart));
}

TEST_CASE("an open() that finds room for one of its networks leaves nothing behind") {
  Driven driven;
  RateTable table(kSmall + 1);
  for (std::size_t i = 0; i < kSmall / 2; ++i)
    REQUIRE_FALSE(table.open(client(i), tight(), kStart));
  const auto stranger = client(1000);
  for (int i = 0; i < 5; ++i)
    CHECK(table.open(stranger, tight(), kStart)->limit == Limit::tracked_networks);
  const auto wide = table.look(stranger, Width::Wide, tight(), kStart);
  REQUIRE(wide);
  CHECK(wide->connections() == 0);
  CHECK(wide->level(Account::Connections) == 0);
}

TEST_CASE("a smaller table forgets the oldest idle networks, and grows again") {
  RateTable table(kSmall);
  const LimitSettings settings = tight();
  REQUIRE_FALSE(table.open(client(0), settings, kStart));
  for (std::size_t i = 1; i < kSmall / 2; ++i)
    table.take(client(i), Account::Messages, settings, kStart);
  table.set_networks(10);
  CHECK(table.most_networks() == 10);
  CHECK(table.networks() == 10);
  // The one with a connection, and the four newest.
  for (const std::size_t number : {0u, 46u, 47u, 48u, 49u})
    CHECK(table.look(client(number), Width::Narrow, settings, kStart));
  CHECK_FALSE(table.look(client(45), Width::Narrow, settings, kStart));
  table.set_networks(20);
  for (std::size_t i = 100; i < 105; ++i)
    CHECK_FALSE(table.take(client(i), Account::Messages, settings, kStart));
  CHECK(table.networks() == 20);
  CHECK(table.look(client(46), Width::Narrow, settings, kStart));
  table.close(client(0), settings);
  CHECK(table.look(client(0), Width::Narrow, settings, kStart)->connections() == 0);
}

TEST_CASE("a smaller table keeps those that have connections, even above its size") {
  RateTable table(kSmall);
  const LimitSettings settings = tight();
  for (std::size_t i = 0; i < 20; ++i) REQUIRE_FALSE(table.open(client(i), settings, kStart));
  table.set_networks(10);
  CHECK(table.networks() == 40);
  CHECK(table.open(client(50), settings, kStart)->limit == Limit::tracked_networks);
  for (std::size_t i = 0; i < 20; ++i) table.close(client(i), settings);
  CHECK_FALSE(table.open(client(50), settings, kStart));
  CHECK(table.networks() == 10);
}

TEST_CASE("settings of before count for the connections that came under them") {
  RateTable table(kSmall);
  LimitSettings before = tight();
  before.narrow.v4 = 28;
  const auto from = address("192.0.2.17");
  REQUIRE_FALSE(table.open(from, before, kStart));
  REQUIRE_FALSE(table.open(from, tight(), kStart));
  table.close(from, before);
  CHECK(table.look(from, Width::Narrow, before, kStart)->connections() == 0);
  CHECK(table.look(from, Width::Narrow, tight(), kStart)->connections() == 1);
  CHECK(table.look(from, Width::Wide, tight(), kStart)->connections() == 1);
}

TEST_CASE("the busiest networks come first, those of one width only") {
  Driven driven;
  driven.settings.connections = 100;
  for (std::size_t i = 0; i < 5; ++i)
    for (std::size_t j = 0; j < i % 3 + 1; ++j)
      driven.table.open(client(i), driven.settings, kStart);
  const auto busiest = [&](std::size_t count, Width width) {
    std::string all;
    for (const auto& busy : driven.table.busiest(count, width, driven.settings, kStart))
      all += busy.network.to_string() + ' ' + std::to_string(busy.account.connections()) + '\n';
    return all;
  };
  driven.table.close(client(1), driven.settings);  // one left; and one more new one than others
  CHECK(busiest(3, Width::Narrow) == "10.0.2.0/32 3\n10.0.4.0/32 2\n10.0.1.0/32 1\n");
  CHECK(busiest(1, Width::Wide) == "10.0.2.0/24 3\n");
  CHECK(busiest(0, Width::Wide).empty());
  const auto all = driven.table.busiest(100, Width::Narrow, driven.settings, kStart);
  CHECK(all.size() == 5);
}

TEST_CASE("a table holds as many networks as it was told, and never more than it says") {
  for (const std::size_t networks : {1u, 1000u, 100'000u}) {
    RateTable table(networks);
    CHECK(table.most_networks() >= networks);
    CHECK(table.most_networks() < networks + 64);
    for (std::size_t i = 0; i < 2 * networks; ++i)
      table.take(client(i), Account::Messages, tight(), kStart);
    CHECK(table.networks() <= table.most_networks());
    CHECK(table.networks() >= networks - networks / 50);
  }
}

TEST_CASE("threads count each thing once, and no limit is passed by two at a time") {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kRounds = 2000;
  RateTable table(1000);
  LimitSettings settings = tight();
  settings.connections = 5;
  settings.connection_rate = settings.message_rate = {1000, 1h};
  std::atomic<std::size_t> taken{0};
  std::atomic<int> open{0};
  std::atomic<bool> too_many{false};
  const auto work = [&](std::size_t thread) {
    for (std::size_t i = 0; i < kRounds; ++i) {
      const auto common_client = address("192.0.2.1");
      if (!table.take(common_client, Account::Messages, settings, kStart)) ++taken;
      if (!table.open(common_client, settings, kStart)) {
        if (++open > 5) too_many = true;
        --open;
        table.close(common_client, settings);
      }
      table.add(client(thread * kRounds + i), Account::Bytes, 1, settings, kStart);
      if (i % 500 == 0) table.busiest(3, Width::Narrow, settings, kStart);
      if (i % 500 == 250) table.set_networks(i % 1000 == 250 ? 500 : 1000);
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
  CHECK(taken == 1000);
  CHECK_FALSE(too_many);
  const auto left = table.look(address("192.0.2.1"), Width::Narrow, settings, kStart);
  REQUIRE(left);
  CHECK(left->connections() == 0);
  CHECK(left->level(Account::Connections) <= 1000);
  CHECK(table.networks() <= table.most_networks());
}
