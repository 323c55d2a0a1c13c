// SPDX-License-Identifier: Apache-2.0
// DMARC of a message (RFC 9989 section 5.3): whether one of its authenticated identifiers is
// aligned with the author domain, and what that domain wants done if none is.
//
// A verdict counts only when the lookups are complete afterwards. Bounds, whatever the message and
// the DNS say: kMaxDmarcQuestions, in two rounds. Pure, for any thread.
#pragma once

#include <cstddef>
#include <vector>

#include "auth/author_domain.h"
#include "auth/dmarc_discovery.h"
#include "auth/dmarc_identifier.h"
#include "auth/dmarc_verdict.h"
#include "auth/public_suffixes.h"
#include "dns/answer_table.h"

namespace auth {

// That need a walk of their own. More which differ and all stand below the author's organizational
// domain are no mail that we know of; the rest are aligned only if they are the author domain.
inline constexpr std::size_t kMaxDmarcIdentifiers = 10;
// Of these, asked about before it is known whether they need it.
inline constexpr std::size_t kMaxAskedAhead = 4;
// The author's walk, what the others do not share with it (the top label at least they do), and
// whether the author domain exists.
inline constexpr std::size_t kMaxDmarcQuestions =
    kMaxWalkQuestions + (kMaxDmarcIdentifiers + kMaxAskedAhead) * (kMaxWalkQuestions - 1) + 1;

// While the identifiers are open it asks all that it can come to ask about them: so a prefetch is a
// run with the names of the signatures before any is checked.
DmarcVerdict evaluate_dmarc(const Author& author, const std::vector<DmarcIdentifier>& identifiers,
                            const PublicSuffixes& suffixes, dns::Lookups& lookups);

}  // namespace auth
