// SPDX-License-Identifier: Apache-2.0
// The part of the configuration that each role gets.
#pragma once

#include <cstddef>
#include <vector>

#include "config/config.h"
#include "daemon/common/role_settings.h"

namespace common {

// One listener for each socket: `sockets` holds their indices in config.listeners.
SmtpRoleSettings smtp_settings(const config::Config& config,
                               const std::vector<std::size_t>& sockets);
DeliverRoleSettings deliver_settings(const config::Config& config);
ResolveRoleSettings resolve_settings(const config::Config& config);

}  // namespace common
