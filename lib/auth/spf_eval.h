// SPDX-License-Identifier: Apache-2.0
// check_host() of RFC 7208, with the answers that are there.
//
// A verdict counts only when the lookups are complete afterwards. When an answer is missing the
// evaluation goes on as if the term did not match, so that all that can be asked at once is: a
// record costs as many rounds as its longest chain of includes is long.
//
// Bounds, whatever the DNS says: 10 terms, each parsed from at most 64 KiB; at most 10 hosts of an
// MX; names of at most 253 octets. Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <string>

#include "auth/verdict.h"
#include "base/ip_address.h"
#include "base/time.h"
#include "dns/answer_table.h"

namespace auth {

// RFC 7208 section 4.6.4
inline constexpr int kMaxSpfTerms = 10;  // that ask the DNS, over all includes and redirects
inline constexpr int kMaxSpfVoids = 2;   // terms whose question has no answer
inline constexpr std::size_t kMaxSpfHosts = 10;  // of an MX or a PTR

// Octets of an explanation; a longer one is none.
inline constexpr std::size_t kMaxSpfExplanation = 4096;

struct SpfQuery {
  base::IpAddress client;
  std::string domain;         // whose record is evaluated first, in A-labels
  std::string local_part;     // of the sender, unquoted; empty: postmaster
  std::string sender_domain;  // of the sender, in A-labels
  std::string helo;           // as the client said it
  std::string receiver;       // our name
  base::WallTime time;
  bool explain = false;  // fetch the exp= of a fail: for tests, never sent to anybody
};

SpfVerdict evaluate_spf(const SpfQuery& query, dns::Lookups& lookups);

}  // namespace auth
