// SPDX-License-Identifier: Apache-2.0
// What libspf2 1.2.10 may see. It answers strangers' bytes with memory errors (CVE-2023-42118 and
// its like), and some valid records with results that are known to be wrong; neither is worth an
// opinion. So all that it reads has passed our own grammar before, and the limits below.
//
// Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "auth/second_opinion/refusal.h"
#include "auth/spf_eval.h"
#include "auth/verdict.h"
#include "dns/answer.h"

namespace auth::second_opinion {

// Octets of a record. What it compiles a record into has room for less.
inline constexpr std::size_t kMaxRecord = 4000;
// Octets of a term, and expansions in it. Compiled, they are far from the 511 octets behind which
// its count of what is left wraps.
inline constexpr std::size_t kMaxTerm = 200;
inline constexpr std::size_t kMaxMacros = 32;
// Octets of what a macro may stand for: helo, local-part, a domain.
inline constexpr std::size_t kMaxValue = 320;
// Names of the client.
inline constexpr std::size_t kMaxClientNames = kMaxSpfHosts;

// RFC 7208 section 5.5
inline constexpr char kClientNameFailed[] =
    "it takes an error of the client's names for one of the domain's";

Refusal refuse_query(const SpfQuery& query);
Refusal refuse_verdict(const SpfVerdict& ours);
// `text` is an SPF record by its version.
Refusal refuse_record(std::string_view text);
Refusal refuse_answer(dns::Type type, const dns::Answer& answer);

}  // namespace auth::second_opinion
