// SPDX-License-Identifier: Apache-2.0
// What smtp answers an administrator about networks.
#include "daemon/smtp/network_answers.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "ipc/frame.h"
#include "policy/client.h"

using namespace std::chrono_literals;
using Action = ipc::ManageBans::Action;

namespace {

base::IpAddress address(const char* text) { return *base::IpAddress::parse(text); }
base::Network network(const char* text) { return *base::Network::parse(text); }

struct Stage {
  policy::LimitSettings settings;
  policy::Gate gate{settings, 2};
  policy::History history{100};
  policy::Moment now = policy::Moment::now();
  std::vector<smtp_role::ListenerRules> listeners{2};

  ipc::Bans manage(Action action, const char* of, const std::string& reason = "why") {
    return smtp_role::manage_bans({7, action, network(of), 1h, reason}, gate.bans(), settings,
                                  now.wall);
  }
  ipc::Limits show(const char* of) {
    return smtp_role::show_limits({8, address(of)}, gate, history, settings, listeners, now);
  }
  ipc::Busiest busiest() {
    return smtp_role::list_busiest({9}, gate.table(), settings, now.steady);
  }
  // A connection to the first listener; it was let in.
  policy::Client connect(const char* from) {
    const policy::Gate::Visitor visitor{address(from)};
    std::optional<policy::Gate::Seat> seat;
    std::optional<policy::Client> client;
    REQUIRE_FALSE(gate.enter(0, listeners[0].limits, false, settings, seat));
    REQUIRE_FALSE(gate.admit(visitor, std::move(*seat),
                             std::make_shared<policy::LimitSettings>(settings), now, client));
    return std::move(*client);
  }
};

const ipc::NetworkRow::Count& count(const ipc::NetworkRow& row, const std::string& limit) {
  const auto found = std::ranges::find(row.counts, limit, &ipc::NetworkRow::Count::limit);
  REQUIRE(found != row.counts.end());
  return *found;
}

std::size_t most_bytes(ipc::Type type) {
  return ipc::find_type(static_cast<std::uint8_t>(type))->max_bytes;
}

}  // namespace

TEST_CASE("network answers: bans are added, listed and lifted, with the number of the question") {
  Stage stage;
  const ipc::Bans added = stage.manage(Action::Add, "192.0.2.0/24");
  CHECK((added.request == 7 && added.error.empty() && added.note.empty()));
  REQUIRE(added.rows.size() == 1);
  CHECK(added.rows[0].network == network("192.0.2.0/24"));
  CHECK((added.rows[0].cause == "administrator" && added.rows[0].reason == "why"));
  CHECK(added.rows[0].until - added.rows[0].since == 1h);
  CHECK(stage.gate.bans().find(address("192.0.2.7"), stage.now.wall));
  CHECK(stage.manage(Action::List, "0.0.0.0/0").rows.size() == 1);
  CHECK(stage.manage(Action::Lift, "192.0.2.0/24").error.empty());
  CHECK(stage.manage(Action::List, "0.0.0.0/0").rows.empty());
}

TEST_CASE("network answers: what a ban would not hold is refused, or noted") {
  Stage stage;
  stage.settings.exempt = {network("192.0.2.0/25"), network("192.0.2.200/32"),
                           network("2001:db8::/32")};
  for (const char* inner : {"192.0.2.0/25", "192.0.2.7/32", "2001:db8::/64"}) {
    const ipc::Bans answer = stage.manage(Action::Add, inner);
    CHECK_THAT(answer.error, Catch::Contains("is exempt") && Catch::Contains("limits.exempt"));
    CHECK(answer.rows.empty());
  }
  CHECK(stage.manage(Action::Add, "192.0.2.128/26").note.empty());
  CHECK(stage.manage(Action::Add, "192.0.2.0/24").note ==
        "limits.exempt stays served: 192.0.2.0/25, 192.0.2.200/32");
}

TEST_CASE("network answers: what has no ban of its own says which one it is in") {
  Stage stage;
  CHECK(stage.manage(Action::Lift, "192.0.2.7/32").error == "192.0.2.7/32 has no ban");
  stage.manage(Action::Add, "192.0.2.0/24");
  CHECK(stage.manage(Action::Lift, "192.0.2.7/32").error ==
        "192.0.2.7/32 has no ban of its own; it lies in 192.0.2.0/24, which has one");
  CHECK(stage.manage(Action::Lift, "192.0.0.0/16").error == "192.0.0.0/16 has no ban");
  CHECK(stage.manage(Action::Add, "0.0.0.0/0").error.find("at least /8") != std::string::npos);
}

TEST_CASE("network answers: the counts of both networks, with their limits") {
  Stage stage;
  const policy::Client client = stage.connect("192.0.2.7");
  const policy::Client neighbour = stage.connect("192.0.2.8");
  const ipc::Limits answer = stage.show("192.0.2.7");
  CHECK(answer.request == 8);
  REQUIRE(answer.networks.size() == 2);
  CHECK(answer.networks[0].network == network("192.0.2.7/32"));
  CHECK(answer.networks[1].network == network("192.0.2.0/24"));
  const auto& rate = count(answer.networks[1], "connection_rate");
  CHECK((rate.used == 2 && rate.most == 3000 && rate.rate == "3000/1m"));
  CHECK(rate.what == "new connections");
  CHECK(count(answer.networks[0], "connections").used == 1);
  CHECK(count(answer.networks[0], "connections").rate.empty());
  CHECK(answer.networks[0].counts.size() == policy::kAccounts + 1);
  CHECK_FALSE((answer.exempt || answer.ban || answer.has_good_history));
  for (const auto& prospect : answer.prospects) CHECK(prospect.limit.empty());
}

TEST_CASE("network answers: what a new connection would be told, by listener") {
  Stage stage;
  stage.settings.connections = 1;
  stage.listeners[1].access.deny = {network("192.0.2.0/24")};
  const policy::Client client = stage.connect("192.0.2.7");
  const ipc::Limits full = stage.show("192.0.2.7");
  REQUIRE(full.prospects.size() == 2);
  CHECK((full.prospects[0].listener == 0 && full.prospects[0].limit == "connections"));
  CHECK(full.prospects[0].reply.starts_with("421 4.7.0 "));
  CHECK(full.prospects[0].detail == "192.0.2.7/32: 1 connections, limit 1");
  CHECK((full.prospects[1].listener == 1 && full.prospects[1].limit == "access"));
  CHECK(full.prospects[1].reply.starts_with("554 5.7.1 "));
  CHECK(count(stage.show("192.0.2.7").networks[0], "connections").used == 1);  // none was counted

  stage.manage(Action::Add, "192.0.2.0/24");
  const ipc::Limits banned = stage.show("192.0.2.8");
  REQUIRE(banned.ban);
  CHECK(banned.ban->network == network("192.0.2.0/24"));
  CHECK(banned.prospects[0].limit == "ban");
  stage.settings.exempt = {network("192.0.2.8/31")};
  CHECK(stage.show("192.0.2.8").exempt == network("192.0.2.8/31"));
  CHECK(stage.show("192.0.2.8").prospects[0].limit.empty());
}

TEST_CASE("network answers: what all clients would be told is foreseen too") {
  struct Case {
    const char* limit;
    std::function<void(Stage&)> arrange;
    bool for_exempt;  // they have some room of their own
  };
  const Case cases[] = {
      {"memory", [](Stage& s) { s.gate.shed_sessions(policy::Limit::memory); }, false},
      {"total_connections", [](Stage& s) { s.settings.total_connections = 1; }, false},
      {"listener_connections", [](Stage& s) { s.listeners[0].limits.connections = 1; }, false},
      {"connection_rate", [](Stage& s) { s.settings.connection_rate.amount = 1; }, false},
      {"access", [](Stage& s) { s.listeners[0].access.allow = {network("10.0.0.0/8")}; }, true},
  };
  for (const Case& c : cases) {
    INFO(c.limit);
    Stage stage;
    const policy::Client client = stage.connect("192.0.2.7");
    c.arrange(stage);
    CHECK(stage.show("192.0.2.7").prospects[0].limit == c.limit);
    stage.settings.exempt = {network("192.0.2.7/32")};
    CHECK((stage.show("192.0.2.7").prospects[0].limit == c.limit) == c.for_exempt);
  }
}

TEST_CASE("network answers: a good history") {
  Stage stage;
  for (std::size_t i = 0; i < policy::kGoodPasses; ++i)
    stage.history.add_pass(address("192.0.2.7"), stage.settings, stage.now.wall);
  CHECK(stage.show("192.0.2.7").has_good_history);
  CHECK_FALSE(stage.show("192.0.2.8").has_good_history);
}

TEST_CASE("network answers: the busiest are those with the most connections, and idle ones none") {
  Stage stage;
  CHECK(stage.busiest().networks.empty());
  std::vector<policy::Client> clients;
  for (const char* from : {"192.0.2.1", "192.0.2.2", "192.0.2.2", "2001:db8::1", "2001:db8::2",
                           "2001:db8::3", "192.0.2.3", "192.0.2.4", "192.0.2.5"})
    clients.push_back(stage.connect(from));
  const ipc::Busiest answer = stage.busiest();
  CHECK(answer.request == 9);
  REQUIRE(answer.networks.size() == smtp_role::kBusiest);
  CHECK(answer.networks[0].network == network("2001:db8::/64"));
  CHECK(answer.networks[1].network == network("192.0.2.2/32"));
  clients.clear();
  CHECK(stage.busiest().networks.size() == smtp_role::kBusiest);  // they came of late
  stage.now.steady += 2min;
  CHECK(stage.busiest().networks.empty());
}

TEST_CASE("network answers: the largest ones fit their messages") {
  ipc::Bans bans;
  const std::string text(policy::kMaxBanText, 'x');
  bans.rows.assign(
      policy::kMaxBans,
      {network("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0/124"), text, text, text, {}, {}, 1});
  CHECK(ipc::pack(bans).size() <= most_bytes(ipc::Type::Bans));

  constexpr std::size_t kMostListeners = 256;
  Stage stage;
  stage.settings.connections = 0;
  stage.listeners.clear();
  ipc::Limits limits = stage.show("2001:db8::1");
  ipc::Limits::Prospect prospect{0, text, std::string(512, 'x'), text};
  limits.prospects.assign(kMostListeners, prospect);
  CHECK(ipc::pack(limits).size() <= most_bytes(ipc::Type::Limits));

  ipc::Busiest busiest{9, {}};
  busiest.networks.assign(smtp_role::kBusiest, limits.networks[0]);
  CHECK(ipc::pack(busiest).size() <= most_bytes(ipc::Type::Busiest));
}
