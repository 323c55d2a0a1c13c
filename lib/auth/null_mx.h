// SPDX-License-Identifier: Apache-2.0
// Domains that take no mail (RFC 7505): mail from there could never be answered.
#pragma once

#include <string_view>

#include "auth/verdict.h"
#include "dns/answer_table.h"

namespace auth {

// Unknown when the DNS failed. The verdict counts only when the lookups are complete afterwards.
// `domain` is of a reverse-path: a name in A-labels, or an address literal, which has no MX.
NullMx evaluate_null_mx(std::string_view domain, dns::Lookups& lookups);

}  // namespace auth
