// SPDX-License-Identifier: Apache-2.0
// What the checks found, as values. Results are spelled as RFC 8601 section 2.7 has them.
#pragma once

#include <cstdint>
#include <string>

#include "auth/dkim_verdict.h"
#include "auth/dmarc_verdict.h"
#include "dns/answer.h"

namespace auth {

enum class SpfResult : std::uint8_t {
  None,
  Neutral,
  Pass,
  Fail,
  SoftFail,
  TempError,
  PermError,
  Last_ = PermError
};

const char* name_of(SpfResult result);  // "softfail"

struct SpfVerdict {
  SpfResult result = SpfResult::None;
  std::string domain;       // of the identity, as the client gave it: any bytes
  std::string reason;       // for logs and reports; printable ASCII
  std::string section;      // of RFC 7208, which the reason stands on: "4.6.4"
  std::string mechanism;    // that matched, as in the record, or empty; printable ASCII
  std::string explanation;  // of a fail, when asked for and given: printable ASCII from a stranger
  dns::Security security = dns::Security::Unknown;  // the least of the answers that it stands on

  bool operator==(const SpfVerdict&) const = default;
  void visit(auto& v) { v(result, domain, reason, section, mechanism, explanation, security); }
};

// Of both identities.
struct SpfVerdicts {
  SpfVerdict mailfrom;
  SpfVerdict helo;

  bool operator==(const SpfVerdicts&) const = default;
  void visit(auto& v) { v(mailfrom, helo); }
};

enum class IprevResult : std::uint8_t { Pass, Fail, TempError, PermError, Last_ = PermError };

const char* name_of(IprevResult result);

struct IprevVerdict {
  IprevResult result = IprevResult::PermError;
  std::string name;    // that was confirmed; normalized, any bytes
  std::string reason;  // printable ASCII

  bool operator==(const IprevVerdict&) const = default;
  void visit(auto& v) { v(result, name, reason); }
};

// Whether a domain says that it takes no mail (RFC 7505), so that no mail can be from it.
enum class NullMx : std::uint8_t { No, Yes, Unknown, Last_ = Unknown };

// All that was found about a message.
struct Verdicts {
  SpfVerdicts spf;
  IprevVerdict iprev;
  NullMx null_mx = NullMx::Unknown;
  DkimVerdicts dkim;
  DmarcVerdict dmarc;

  bool operator==(const Verdicts&) const = default;
  void visit(auto& v) { v(spf, iprev, null_mx, dkim, dmarc); }
};

}  // namespace auth
