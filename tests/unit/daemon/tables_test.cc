// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/tables.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "daemon/common/counters.h"

namespace {

nlohmann::json quiet_server() {
  nlohmann::json status = {
      {"version", "1"},
      {"hostname", "mx.ours.test"},
      {"pid", 7},
      {"sessions", 0},
      {"networks", 0},
      {"bans", 0},
      {"shedding", ""},
      {"busiest", nlohmann::json::array()},
      {"certificate_days", 9},
      {"listeners", nlohmann::json::array()},
      {"roles", nlohmann::json::array()},
      {"configuration",
       {{"file", "f"}, {"generation", 1}, {"age_seconds", 1}, {"last_reload", "ok"}}}};
  for (const common::CounterRule& rule : common::kCounters) status[std::string(rule.name)] = 0;
  return status;
}

}  // namespace

TEST_CASE("the status names the ends and the limits that occurred, and no others") {
  nlohmann::json status = quiet_server();
  const std::string quiet = ctl::table_of("status", status);
  CHECK_THAT(quiet, Catch::Contains("\nended by us    none\nlimits met     none\n"));
  status["ended_http"] = 3;
  status["ended_tls_bytes"] = 1;
  status["limit_connections"] = 20;
  status["limit_ban"] = 4;
  CHECK_THAT(ctl::table_of("status", status),
             Catch::Contains("\nended by us    http 3, tls_bytes 1\n"
                             "limits met     ban 4, connections 20\n"));
}

TEST_CASE("the status names the busiest networks, and why all are refused, when there is such") {
  nlohmann::json status = quiet_server();
  const std::string quiet = ctl::table_of("status", status);
  CHECK_THAT(quiet, !Catch::Contains("refuses all") && !Catch::Contains("OF LATE"));
  CHECK_THAT(quiet, Catch::Contains("\nnetworks       0 known, 0 refused\n"));
  status["shedding"] = "memory";
  status["busiest"] = {
      {{"network", "192.0.2.7/32"},
       {"counts", {{{"what", "connections"}, {"used", 3}}, {{"what", "errors"}, {"used", 0}}}}}};
  const std::string busy = ctl::table_of("status", status);
  CHECK_THAT(busy, Catch::Contains("\nrefuses all    for memory, until there is more of it\n"));
  CHECK_THAT(busy, Catch::EndsWith("\nNETWORK       OF LATE\n192.0.2.7/32  3 connections\n"));
}

TEST_CASE("bans as a table, and none as a word") {
  CHECK(ctl::table_of("bans", nlohmann::json::array()) == "no bans\n");
  const nlohmann::json ban = {{"network", "192.0.2.0/24"},
                              {"limit", "error_rate"},
                              {"since", "S"},
                              {"until", "U"},
                              {"times", 2},
                              {"reason", "too \x1b[31m many"},
                              {"evidence", "e"}};
  const std::string table =
      "NETWORK       LIMIT       SINCE  UNTIL  TIMES  REASON             EVIDENCE\n"
      "192.0.2.0/24  error_rate  S      U      2      too \\x1b[31m many  e\n";
  CHECK(ctl::table_of("bans", nlohmann::json::array({ban})) == table);
  CHECK(ctl::table_of("bans", {{"added", nlohmann::json::array({ban})}, {"note", "n"}}) ==
        table + "n\n");
  CHECK(ctl::table_of("bans", {{"lifted", "192.0.2.0/24"}}) == "192.0.2.0/24 is refused no more\n");
}

TEST_CASE("limits as a table: a column for each network, and what is full") {
  const auto network = [](const char* name, int used, int most, const char* rate) {
    return nlohmann::json{{"network", name},
                          {"counts", nlohmann::json::array({{{"limit", "connections"},
                                                             {"what", "connections"},
                                                             {"used", used},
                                                             {"most", most},
                                                             {"rate", rate}}})}};
  };
  const nlohmann::json result = {
      {"exempt", nullptr},
      {"ban", nullptr},
      {"good_history", true},
      {"networks", {network("192.0.2.7/32", 2, 2, ""), network("192.0.2.0/24", 2, 20, "20/1m")}},
      {"new_connection",
       {{{"listener", "0.0.0.0:25"}, {"limit", "connections"}, {"reply", "421 x"}, {"detail", "d"}},
        {{"listener", "[::]:25"}, {"limit", ""}, {"reply", ""}, {"detail", ""}}}}};
  CHECK(ctl::table_of("limits", result) ==
        "exempt         no\n"
        "ban            none\n"
        "good history   yes\n"
        "to 0.0.0.0:25  421 x (connections; d)\n"
        "to [::]:25     it would be let in\n"
        "\n"
        "LIMIT        192.0.2.7/32  192.0.2.0/24\n"
        "connections  2 of 2 FULL   2 of 20/1m\n");
}
