// SPDX-License-Identifier: Apache-2.0
// What libopendmarc 1.4.2 may see. It takes much that is no record for one, and reads addresses
// with comments and quotes where we have domains. So all that it is given has passed our own
// grammar before, and the limits below; what it makes of good names is a matter of
// dmarc_question.h.
//
// Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "auth/second_opinion/refusal.h"
#include "auth/verdict.h"

namespace auth::second_opinion {

// Octets of a record. It cuts without a word what is longer than 8191.
inline constexpr std::size_t kMaxDmarcText = 4000;
// Octets of a tag, with its value. It drops without a word one that is longer than 511.
inline constexpr std::size_t kMaxDmarcTag = 500;
// Octets of an address for reports; behind 255 it gives up the record, and keeps half of it.
inline constexpr std::size_t kMaxReportUri = 250;
// Identifiers that have passed: all signatures that can have a verdict, and SPF.
inline constexpr std::size_t kMaxPassed = 101;

Refusal refuse_verdict(const DmarcVerdict& ours);
// Of what has passed.
Refusal refuse_name(std::string_view domain);
// `text` is a DMARC record by its version. `from_above`: it is not of the author domain itself.
Refusal refuse_dmarc_record(std::string_view text, bool from_above);

}  // namespace auth::second_opinion
