// SPDX-License-Identifier: Apache-2.0
// The control commands about networks and sessions: what a request asks of smtp, and smtp's answers
// as JSON.
// Pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/supervisor/control_server.h"
#include "ipc/messages.h"

namespace supervisor {

// Members: "action" ("list" when there is none, "add", "lift"), "network", and of "add" "for", a
// duration as in the configuration, and "reason".
base::Result<ipc::ManageBans> bans_question(const ControlServer::Arguments& arguments);
// Member: "address".
base::Result<ipc::ShowLimits> limits_question(const ControlServer::Arguments& arguments);

nlohmann::json to_json(const ipc::Sessions& sessions);
nlohmann::json to_json(const std::vector<ipc::NetworkRow>& networks);
// A list of the bans, or an object of what was added or lifted.
nlohmann::json to_json(const ipc::ManageBans& question, const ipc::Bans& answer);
// `listeners`: their addresses, by index.
nlohmann::json to_json(const ipc::Limits& limits, const base::IpAddress& address,
                       const std::vector<std::string>& listeners);

}  // namespace supervisor
