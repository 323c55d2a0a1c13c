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
