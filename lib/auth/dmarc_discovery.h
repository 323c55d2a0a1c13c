// SPDX-License-Identifier: Apache-2.0
// The tree walk of RFC 9989 section 4.10: the records at a domain and above it, the policy that
// applies to the domain, and the organizational domain that it belongs to.
//
// A walk counts only when it is complete. All of its names are asked at once: where it would have
// stopped is seen behind the answers. Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "auth/dmarc_record.h"
#include "auth/public_suffixes.h"
#include "dns/answer_table.h"

namespace auth {

inline constexpr std::size_t kMaxWalkQuestions = 8;
// Of what stands above the start; labels in between are passed over.
inline constexpr std::size_t kMaxWalkLabels = 7;

struct DmarcRecordAt {
  std::string domain;
  DmarcRecord record;
};

struct DmarcWalk {
  std::string start;
  std::vector<DmarcRecordAt> records;  // valid ones only, longest domain first, up to the stop
  // What nobody could answer before the stop, the first: where a record may stand that we do not
  // know. Printable ASCII.
  std::optional<std::string> failure;
  std::string discarded;  // why a name has records and no valid one, the first; printable ASCII
  bool complete = true;   // no answer was missing

  const DmarcRecordAt* at(const std::string& domain) const;
};

// `start` is lower-case A-labels.
DmarcWalk walk_tree(const std::string& start, dns::Lookups& lookups);

// Section 4.10.2. Only where the walk has no failure.
std::string organizational_domain(const DmarcWalk& walk);

// The same, as alignment of different names may use it. The record of a public suffix which does
// not say psd=n is read there as if it said psd=y: else everybody who registers a name beneath one
// would be aligned with everybody else.
std::string alignment_domain(const DmarcWalk& walk, const PublicSuffixes& suffixes);

// Section 4.10.1: whose record applies to the start, or nullptr. Only where the walk has no
// failure, or the start has a record of its own.
const DmarcRecordAt* applicable_record(const DmarcWalk& walk);

}  // namespace auth
