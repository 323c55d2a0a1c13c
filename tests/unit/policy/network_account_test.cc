// SPDX-License-Identifier: Apache-2.0
#include "policy/network_account.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

using namespace std::chrono_literals;
using policy::Account;
using policy::LimitSettings;
using policy::NetworkAccount;
using policy::Width;

namespace {

constexpr base::Instant kStart{1h};

base::IpAddress address(const char* text) { return *base::IpAddress::parse(text); }

std::string around(const char* client, Width width, const LimitSettings& settings = {}) {
  return network_around(address(client), width, settings).to_string();
}

}  // namespace

TEST_CASE("every account has a row, in its place, with a limit of its own") {
  std::set<policy::Limit> limits;
  for (std::size_t i = 0; i < policy::kAccounts; ++i) {
    const policy::AccountRule& rule = policy::account_table().at(i);
    CHECK(rule.account == static_cast<Account>(i));
    CHECK_FALSE(rule.name.empty());
    CHECK(limits.insert(rule.limit).second);
  }
  CHECK(rule_of(Account::Bytes).name == "bytes");
}

TEST_CASE("two networks are counted around a client, as wide as the settings say") {
  CHECK(around("192.0.2.77", Width::Narrow) == "192.0.2.77/32");
  CHECK(around("192.0.2.77", Width::Wide) == "192.0.2.0/24");
  CHECK(around("2001:db8:1:2:3:4:5:6", Width::Narrow) == "2001:db8:1:2::/64");
  CHECK(around("2001:db8:1:2:3:4:5:6", Width::Wide) == "2001:db8:1::/48");
  LimitSettings settings;
  settings.narrow = {28, 56};
  settings.wide = {16, 32};
  CHECK(around("192.0.2.77", Width::Narrow, settings) == "192.0.2.64/28");
  CHECK(around("192.0.2.77", Width::Wide, settings) == "192.0.0.0/16");
  CHECK(around("2001:db8:1:2ff::1", Width::Narrow, settings) == "2001:db8:1:200::/56");
  CHECK(around("2001:db8:1:2ff::1", Width::Wide, settings) == "2001:db8::/32");
}

TEST_CASE("an IPv4 client that comes over IPv6 is counted as what it is") {
  CHECK(around("::ffff:192.0.2.77", Width::Narrow) == "192.0.2.77/32");
  CHECK(around("::ffff:192.0.2.77", Width::Wide) == "192.0.2.0/24");
}

TEST_CASE("a wide network has the limits of a narrow one times the factor") {
  LimitSettings settings;
  settings.connections = 7;
  settings.message_rate = {3, 1min};
  settings.wide_factor = 5;
  CHECK(most(settings, Account::Messages, Width::Narrow) == 3);
  CHECK(most(settings, Account::Messages, Width::Wide) == 15);
  CHECK(most_connections(settings, Width::Narrow) == 7);
  CHECK(most_connections(settings, Width::Wide) == 35);
}

TEST_CASE("a rate is shown as the configuration has it") {
  LimitSettings settings;
  const auto text = [&](std::chrono::milliseconds period, Width width = Width::Narrow) {
    settings.error_rate = {30, period};
    return rate_text(settings, Account::Errors, width);
  };
  CHECK(text(1h) == "30/1h");
  CHECK(text(48h) == "30/2d");
  CHECK(text(90min) == "30/90m");
  CHECK(text(61s) == "30/61s");
  CHECK(text(250ms) == "30/250ms");
  CHECK(text(1min, Width::Wide) == "300/1m");
  settings.byte_rate = {500 << 20, 10min};
  CHECK(rate_text(settings, Account::Bytes, Width::Narrow) == "500M/10m");
  settings.byte_rate = {1500, 10min};
  CHECK(rate_text(settings, Account::Bytes, Width::Wide) == "15000/10m");
}

TEST_CASE("an account empties evenly, each at its own rate, and not below nothing") {
  LimitSettings settings;
  settings.message_rate = {60, 1min};
  settings.recipient_rate = {600, 1min};
  NetworkAccount account(kStart);
  account.add(Account::Messages, 60);
  account.add(Account::Recipients, 60);
  account.settle(settings, Width::Narrow, kStart + 1s);
  CHECK(account.level(Account::Messages) == Approx(59));
  CHECK(account.level(Account::Recipients) == Approx(50));
  account.settle(settings, Width::Narrow, kStart + 31s);
  CHECK(account.level(Account::Messages) == Approx(29));
  CHECK(account.level(Account::Recipients) == 0);
  account.settle(settings, Width::Narrow, kStart + 24h);
  CHECK(account.level(Account::Messages) == 0);
}

TEST_CASE("the account of a wide network empties as much faster as it is larger") {
  LimitSettings settings;
  settings.message_rate = {60, 1min};
  NetworkAccount account(kStart);
  account.add(Account::Messages, 60);
  account.settle(settings, Width::Wide, kStart + 1s);
  CHECK(account.level(Account::Messages) == Approx(50));
}

TEST_CASE("a clock that goes back empties nothing, and nothing twice") {
  LimitSettings settings;
  settings.message_rate = {60, 1min};
  NetworkAccount account(kStart);
  account.add(Account::Messages, 60);
  account.settle(settings, Width::Narrow, kStart + 10s);
  account.settle(settings, Width::Narrow, kStart);
  CHECK(account.level(Account::Messages) == Approx(50));
  account.settle(settings, Width::Narrow, kStart + 10s);
  CHECK(account.level(Account::Messages) == Approx(50));
}

TEST_CASE("what is taken back leaves no credit") {
  LimitSettings settings;
  settings.message_rate = {60, 1min};
  NetworkAccount account(kStart);
  account.add(Account::Messages, 1);
  account.settle(settings, Width::Narrow, kStart + 500ms);
  account.take_back(Account::Messages);
  CHECK(account.level(Account::Messages) == 0);
}

TEST_CASE("the largest rate of a configuration is counted exactly in a wide network") {
  LimitSettings settings;
  settings.byte_rate = {1'000'000'000'000, 1h};
  settings.wide_factor = 1000;
  NetworkAccount account(kStart);
  const auto limit = static_cast<double>(most(settings, Account::Bytes, Width::Wide));
  CHECK(limit == 1e15);
  account.add(Account::Bytes, limit);
  account.add(Account::Bytes, 1);
  CHECK(account.level(Account::Bytes) - limit == 1);
}
