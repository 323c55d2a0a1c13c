// SPDX-License-Identifier: Apache-2.0
// Every row of limits.def: how a client comes to meet it, and what it is told.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "policy/shedding.h"
#include "support/gate_driver.h"

using policy::Client;
using policy::Limit;
using support::GateDriver;
using Met = std::optional<Limit>;

namespace {

constexpr char kFrom[] = "192.0.2.1";

Met limit_of(const std::optional<policy::Refusal>& refusal) {
  return refusal ? Met(refusal->limit) : std::nullopt;
}

// What the fourth of something meets.
template <class Do>
Met fourth(Do one) {
  for (int i = 0; i < 3; ++i)
    if (one()) return std::nullopt;
  return limit_of(one());
}

// The limit of the ban that the fourth led to.
template <class Do>
Met ban_of_fourth(GateDriver& driver, Do one) {
  for (int i = 0; i < 3; ++i) one();
  if (!driver.imposed.empty()) return std::nullopt;
  one();
  return driver.imposed_for.empty() ? std::nullopt : Met(driver.imposed_for.back());
}

// What a client meets while others have all the handshakes.
Met handshakes(GateDriver& driver) {
  Client& first = driver.client_from("198.51.100.1");
  if (first.begin_handshake(driver.now)) return std::nullopt;
  return limit_of(driver.client_from(kFrom).begin_handshake(driver.now));
}

Met shed(GateDriver& driver, std::uint64_t policy::Load::*used, std::uint64_t free_space) {
  policy::Load load;
  load.most_descriptors = load.most_memory = 1600;
  if (used != nullptr) load.*used = 1200;
  load.free_space = free_space;
  load.least_space = 10;
  driver.gate.shed_sessions(policy::Shedding().update(load).sessions);
  return limit_of(driver.come(kFrom));
}

struct Row {
  Limit limit;
  const char* told;
  void (*change)(policy::LimitSettings&);  // null: small_limits()
  Met (*meet)(GateDriver&);
};

const Row kRows[] = {
    {Limit::access, "554 5.7.1 Access denied", nullptr,
     [](GateDriver& driver) {
       driver.access.deny = {*base::Network::parse("192.0.2.0/24")};
       return limit_of(driver.come(kFrom));
     }},
    {Limit::ban, "421 4.7.0 Your network is refused for a time", nullptr,
     [](GateDriver& driver) {
       const auto added = driver.gate.bans().add(*base::Network::parse("192.0.2.0/24"),
                                                 std::chrono::hours(1), "why", driver.now.wall);
       return added ? limit_of(driver.come(kFrom)) : std::nullopt;
     }},
    {Limit::connections, "421 4.7.0 Too many connections from your network",
     [](auto& limits) { limits.connection_rate.amount = 9; },
     [](GateDriver& driver) { return fourth([&] { return driver.come(kFrom); }); }},
    {Limit::connection_rate, "421 4.7.0 Too many new connections from your network", nullptr,
     [](GateDriver& driver) {
       return fourth([&] {
         driver.clients.clear();
         return driver.come(kFrom);
       });
     }},
    {Limit::handshake_rate, "421 4.7.0 Too many TLS handshakes from your network", nullptr,
     [](GateDriver& driver) {
       Client& client = driver.client_from(kFrom);
       return fourth([&] { return client.begin_handshake(driver.now); });
     }},
    {Limit::byte_rate, "450 4.7.1 Too many bytes from your network, try again later", nullptr,
     [](GateDriver& driver) {
       Client& client = driver.client_from(kFrom);
       client.count_bytes(2, driver.now);
       if (client.begin_message(driver.now)) return Met();
       client.count_bytes(100, driver.now);
       return limit_of(client.begin_message(driver.now));
     }},
    {Limit::message_rate, "450 4.7.1 Too many messages from your network, try again later", nullptr,
     [](GateDriver& driver) {
       Client& client = driver.client_from(kFrom);
       return fourth([&] { return client.begin_message(driver.now); });
     }},
    {Limit::recipient_rate, "452 4.5.3 Too many recipients from your network, try again later",
     nullptr,
     [](GateDriver& driver) {
       Client& client = driver.client_from(kFrom);
       return fourth([&] { return client.add_recipient(driver.now); });
     }},
    {Limit::error_rate, "421 4.7.0 Too many errors from your network", nullptr,
     [](GateDriver& driver) {
       Client& client = driver.client_from(kFrom);
       return ban_of_fourth(driver, [&] { client.count_errors(1, "sid", driver.now); });
     }},
    {Limit::unknown_recipient_rate, "421 4.7.0 Too many unknown recipients from your network",
     nullptr,
     [](GateDriver& driver) {
       Client& client = driver.client_from(kFrom);
       return ban_of_fourth(driver, [&] { client.count_unknown("sid", driver.now); });
     }},
    {Limit::verifier_crash_rate, "421 4.7.0 Too much trouble with mail from your network", nullptr,
     [](GateDriver& driver) {
       return ban_of_fourth(driver, [&] {
         driver.gate.count_verifier_crash(GateDriver::address(kFrom), "sid", driver.limits(),
                                          driver.now);
       });
     }},
    {Limit::unknown_recipients, "452 4.5.3 Too many unknown recipients", nullptr,
     [](GateDriver& driver) {
       Client& client = driver.client_from(kFrom);
       client.count_unknown("sid", driver.now);
       if (client.add_recipient(driver.now)) return Met();
       client.count_unknown("sid", driver.now);
       return limit_of(client.add_recipient(driver.now));
     }},
    {Limit::total_connections, "421 4.3.2 Too many sessions, try again later",
     [](auto& limits) { limits.total_connections = 1; },
     [](GateDriver& driver) {
       driver.client_from("198.51.100.1");
       return limit_of(driver.come(kFrom));
     }},
    {Limit::listener_connections, "421 4.3.2 Too many sessions, try again later", nullptr,
     [](GateDriver& driver) {
       driver.listener_limits.connections = 1;
       driver.client_from("198.51.100.1");
       return limit_of(driver.come(kFrom));
     }},
    {Limit::total_handshakes, "421 4.3.2 Too many TLS handshakes, try again later",
     [](auto& limits) { limits.total_handshakes = 1; }, handshakes},
    {Limit::listener_handshakes, "421 4.3.2 Too many TLS handshakes, try again later", nullptr,
     [](GateDriver& driver) {
       driver.listener_limits.handshakes = 1;
       return handshakes(driver);
     }},
    {Limit::tracked_networks, "421 4.3.2 Too many clients, try again later",
     [](auto& limits) { limits.tracked_networks = 2; },
     [](GateDriver& driver) {
       driver.client_from("198.51.100.1");
       return limit_of(driver.come(kFrom));
     }},
    {Limit::memory, "421 4.3.2 Short of memory, try again later", nullptr,
     [](GateDriver& driver) { return shed(driver, &policy::Load::memory, 10); }},
    {Limit::descriptors, "421 4.3.2 Too many open files, try again later", nullptr,
     [](GateDriver& driver) { return shed(driver, &policy::Load::descriptors, 10); }},
    {Limit::spool_space, "421 4.3.2 Short of storage, try again later", nullptr,
     [](GateDriver& driver) { return shed(driver, nullptr, 9); }},
};

}  // namespace

TEST_CASE("every limit can be met, and the client is told which") {
  for (const Row& row : kRows) {
    policy::LimitSettings limits = support::small_limits();
    if (row.change != nullptr) row.change(limits);
    GateDriver driver(limits);
    const policy::LimitRule& rule = rule_of(row.limit);
    INFO(rule.name);
    CHECK(support::text_of(rule.reply()) == row.told);
    const Met met = row.meet(driver);
    REQUIRE(met);
    CHECK(rule_of(*met).name == rule.name);
  }
}

TEST_CASE("no limit is left out above") {
  for (std::size_t i = 0; i < policy::limit_table().size(); ++i) {
    INFO(policy::limit_table()[i].name);
    CHECK(std::ranges::count(kRows, static_cast<Limit>(i), &Row::limit) == 1);
  }
}
