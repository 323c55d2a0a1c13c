// SPDX-License-Identifier: Apache-2.0
// On whose account the questions of a message are.
#pragma once

#include "base/ip_address.h"
#include "dns/resolver.h"

namespace common {

// One for each network that counts as one client by default (policy::Prefixes), and nobody else's.
dns::Payer payer_of(const base::IpAddress& client);

}  // namespace common
