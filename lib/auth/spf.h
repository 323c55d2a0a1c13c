// SPDX-License-Identifier: Apache-2.0
// SPF of a session: both identities.
#pragma once

#include <optional>
#include <string>

#include "auth/verdict.h"
#include "base/ip_address.h"
#include "base/time.h"
#include "dns/answer_table.h"
#include "mail/address.h"

namespace auth {

// What a session knows.
struct SpfFacts {
  base::IpAddress client;
  std::string helo;                        // as the client said it
  std::optional<mail::Address> mail_from;  // nothing: the null reverse-path; domain in A-labels
  std::string receiver;                    // our name
  base::WallTime time;                     // one for all runs of a message
};

struct SpfVerdicts {
  SpfVerdict mailfrom;
  SpfVerdict helo;
  bool operator==(const SpfVerdicts&) const = default;
  void visit(auto& v) { v(mailfrom, helo); }
};

// helo stands in for mailfrom exactly when the reverse-path is null (RFC 7208 section 2.4). The
// verdicts count only when the lookups are complete afterwards.
SpfVerdicts evaluate_spf_identities(const SpfFacts& facts, dns::Lookups& lookups);

}  // namespace auth
