// SPDX-License-Identifier: Apache-2.0
// What an administrator asks about networks, and does to them. Threads: any.
#pragma once

#include <vector>

#include "base/time.h"
#include "ipc/messages.h"
#include "policy/gate.h"
#include "policy/history.h"
#include "policy/settings.h"

namespace smtp_role {

// Changes are in force when it returns, and are lines of the log.
ipc::Bans manage_bans(const ipc::ManageBans& question, policy::Bans& bans,
                      const policy::LimitSettings& settings, base::WallTime now);

struct ListenerRules {
  policy::ListenerAccess access;
  policy::ListenerLimits limits;
};

// `listeners`: in the order of their index.
ipc::Limits show_limits(const ipc::ShowLimits& question, const policy::Gate& gate,
                        const policy::History& history, const policy::LimitSettings& settings,
                        const std::vector<ListenerRules>& listeners, const policy::Moment& now);

inline constexpr std::size_t kBusiest = 5;

// Networks without a connection, and without one of late, are not among them.
ipc::Busiest list_busiest(const ipc::ListBusiest& question, const policy::RateTable& table,
                          const policy::LimitSettings& settings, base::Instant now);

}  // namespace smtp_role
