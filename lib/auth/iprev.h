// SPDX-License-Identifier: Apache-2.0
// Whether the client's name in the reverse DNS leads back to its address (RFC 8601 section 3).
#pragma once

#include <cstddef>

#include "auth/verdict.h"
#include "base/ip_address.h"
#include "dns/answer_table.h"

namespace auth {

inline constexpr std::size_t kMaxIprevNames = 10;  // more are not looked at

// The verdict counts only when the lookups are complete afterwards. For any thread.
IprevVerdict evaluate_iprev(const base::IpAddress& client, dns::Lookups& lookups);

}  // namespace auth
