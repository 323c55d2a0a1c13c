// SPDX-License-Identifier: Apache-2.0
// What DMARC found, as a value. Results are spelled as RFC 8601 section 2.7 has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dns/answer.h"

namespace auth {

enum class DmarcResult : std::uint8_t { None, Pass, Fail, TempError, PermError, Last_ = PermError };

const char* name_of(DmarcResult result);  // "temperror"

// What a domain wants done with mail that fails; each asks for more than the one before.
enum class DmarcPolicy : std::uint8_t { None, Quarantine, Reject, Last_ = Reject };

const char* name_of(DmarcPolicy policy);  // "quarantine"

// Of a record, which says what is to be done.
enum class DmarcTag : std::uint8_t { P, Sp, Np, Last_ = Np };

const char* name_of(DmarcTag tag);  // "sp"

// Why a message has not one author domain (RFC 9989 section 5.3.1), so that nothing protects its
// reader from what a mail program shows.
enum class AuthorFault : std::uint8_t {
  None,
  NoFrom,
  SeveralFroms,    // fields
  BadFrom,         // not of the grammar, or without a mailbox
  NoDomain,        // an address literal
  SeveralDomains,  // in one field
  Last_ = SeveralDomains
};

const char* name_of(AuthorFault fault);  // "several_domains"

struct DmarcVerdict {
  DmarcResult result = DmarcResult::None;
  AuthorFault fault = AuthorFault::None;  // of a permerror, and of nothing else
  std::string author_domain;              // of From, in A-labels; empty with a fault
  std::string reason;                     // for logs and reports; printable ASCII
  std::string section;                    // of RFC 9989, which the reason stands on: "4.10.1"
  std::string organizational_domain;      // of the author domain; empty: not known
  std::string policy_domain;              // whose record applies; empty: none does, or not known
  std::optional<DmarcPolicy> published;   // by the record, in `tag`; nothing: none, or not known
  DmarcTag tag = DmarcTag::P;
  bool testing = false;                             // t=y of the record
  std::string aligned_method;                       // of a pass: "dkim" or "spf"
  std::string aligned_domain;                       // of a pass, in A-labels
  dns::Security security = dns::Security::Unknown;  // the least of the answers that it stands on

  // What is asked for; one step less than published while the domain is testing (section 4.7).
  std::optional<DmarcPolicy> policy() const;

  bool operator==(const DmarcVerdict&) const = default;
  void visit(auto& v) {
    v(result, fault, author_domain, reason, section, organizational_domain, policy_domain,
      published, tag, testing, aligned_method, aligned_domain, security);
  }
};

}  // namespace auth
