// SPDX-License-Identifier: Apache-2.0
// SPF of a session: both identities (RFC 7208 sections 2.3 and 2.4).
//
// A verdict counts only when the lookups are complete afterwards. For any thread.
#pragma once

#include "auth/session_facts.h"
#include "auth/spf_eval.h"
#include "auth/verdict.h"
#include "dns/answer_table.h"

namespace auth {

SpfQuery helo_query(const SessionFacts& facts);
// helo stands in for it exactly when the reverse-path is null.
SpfQuery mailfrom_query(const SessionFacts& facts);

SpfVerdict evaluate_helo(const SessionFacts& facts, dns::Lookups& lookups);
SpfVerdict evaluate_mailfrom(const SessionFacts& facts, dns::Lookups& lookups);

}  // namespace auth
