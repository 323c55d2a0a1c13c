// SPDX-License-Identifier: Apache-2.0
// The part of the configuration that each role gets.
#pragma once

#include <cstddef>
#include <vector>

#include "config/config.h"
#include "daemon/common/role_settings.h"

namespace supervisor {

// One listener for each socket: `sockets` holds their indices in config.listeners.
common::SmtpRoleSettings smtp_settings(const config::Config& config,
                                       const std::vector<std::size_t>& sockets);
common::DeliverRoleSettings deliver_settings(const config::Config& config);
common::ResolveRoleSettings resolve_settings(const config::Config& config);

}  // namespace supervisor
