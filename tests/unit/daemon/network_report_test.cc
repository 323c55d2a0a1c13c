// SPDX-License-Identifier: Apache-2.0
// What the supervisor makes of requests about networks, and of smtp's answers.
#include "daemon/supervisor/network_report.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "ipc/frame.h"

using supervisor::bans_question, supervisor::limits_question;
using Action = ipc::ManageBans::Action;
using Arguments = supervisor::ControlServer::Arguments;

namespace {

std::string refusal(const Arguments& arguments) {
  const auto question = bans_question(arguments);
  return question ? "" : question.error().reason;
}

}  // namespace

TEST_CASE("network report: questions about bans") {
  CHECK(bans_question({{"command", "bans"}})->action == Action::List);
  CHECK(bans_question({{"action", "list"}})->action == Action::List);
  const auto lift = bans_question({{"action", "lift"}, {"network", "192.0.2.7"}});
  REQUIRE(lift);
  CHECK((lift->action == Action::Lift && lift->network == *base::Network::parse("192.0.2.7/32")));
  const auto add = bans_question(
      {{"action", "add"}, {"network", "2001:db8::/48"}, {"for", "1h30m"}, {"reason", "why"}});
  REQUIRE(add);
  CHECK((add->action == Action::Add && add->duration == std::chrono::minutes(90)));
  CHECK((add->network == *base::Network::parse("2001:db8::/48") && add->reason == "why"));
}

TEST_CASE("network report: questions that are none say what is wrong") {
  CHECK(refusal({{"action", "remove"}}) == "bans can be listed, added and lifted");
  for (const char* text : {"", "elsewhere", "192.0.2.7/24", "192.0.2.0/33", "192.0.2"})
    CHECK_THAT(refusal({{"action", "lift"}, {"network", text}}),
               Catch::StartsWith('"' + std::string(text) + "\" is no network such as "));
  for (const char* text : {"", "1", "h", "-1h", "1w"})
    CHECK_THAT(refusal({{"action", "add"}, {"network", "192.0.2.7"}, {"for", text}}),
               Catch::StartsWith('"' + std::string(text) + "\" is no duration such as "));
  CHECK_THAT(limits_question({{"address", "192.0.2.0/24"}}).error().reason,
             Catch::Contains("is no address"));
  CHECK_FALSE(limits_question({}));
}

TEST_CASE("network report: a question fits its message, or is refused") {
  const std::string longest(512, 'x');
  Arguments arguments{{"action", "add"},
                      {"network", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0/124"},
                      {"for", "365d"},
                      {"reason", longest}};
  const auto question = bans_question(arguments);
  REQUIRE(question);
  const auto most = ipc::find_type(static_cast<std::uint8_t>(ipc::Type::ManageBans))->max_bytes;
  CHECK(ipc::pack(*question).size() <= most);
  arguments["reason"] += 'x';
  CHECK(refusal(arguments) == "the reason is too long");
  const auto limits = limits_question({{"address", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}});
  REQUIRE(limits);
  CHECK(ipc::pack(*limits).size() <=
        ipc::find_type(static_cast<std::uint8_t>(ipc::Type::ShowLimits))->max_bytes);
}

TEST_CASE("network report: a listener that nobody knows has no address") {
  ipc::Limits limits;
  limits.prospects = {{0, "", "", ""}, {7, "ban", "421 x", "y"}};
  const auto report =
      supervisor::to_json(limits, *base::IpAddress::parse("192.0.2.7"), {"127.0.0.1:25 starttls"});
  CHECK(report["new_connection"][0]["listener"] == "127.0.0.1:25 starttls");
  CHECK(report["new_connection"][1]["listener"] == "");
  CHECK(report["ban"].is_null());
}
