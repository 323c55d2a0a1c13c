// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/verify_findings.h"

#include <array>
#include <cstddef>

namespace ctl {
namespace {

using nlohmann::json;

Finding spf_finding(const char* identity, const auth::SpfVerdict& verdict) {
  return {"spf",
          identity,
          verdict.domain,
          auth::name_of(verdict.result),
          "RFC 7208 section " + verdict.section,
          verdict.security,
          verdict.reason,
          {{"mechanism", verdict.mechanism}}};
}

Finding iprev_finding(const auth::IprevVerdict& verdict) {
  return {"iprev",
          "client",
          verdict.name,
          auth::name_of(verdict.result),
          "RFC 8601 section 3",
          std::nullopt,
          verdict.reason,
          {}};
}

Finding null_mx_finding(const auth::SessionFacts& session, auth::NullMx null_mx) {
  constexpr std::array kResults = {"no", "yes", "unknown"};
  return {"null_mx",
          "mailfrom",
          session.mail_from ? session.mail_from->domain : "",
          kResults.at(static_cast<std::size_t>(null_mx)),
          "RFC 7505 section 3",
          std::nullopt,
          "",
          {}};
}

Finding dkim_finding(std::size_t number, const auth::DkimVerdict& verdict) {
  return {"dkim",
          std::to_string(number),
          verdict.domain,
          auth::name_of(verdict.result),
          verdict.section,
          verdict.key_security,
          verdict.reason,
          {{"selector", verdict.selector},
           {"algorithm", verdict.algorithm},
           {"identity", verdict.identity},
           {"testing", verdict.testing},
           {"signature", verdict.signature}}};
}

// RFC 8601 section 2.7.1
Finding no_signature() {
  return {"dkim", "message", "", "none", "RFC 8601 section 2.7.1", std::nullopt, "", {}};
}

json name_or_null(const auto& value) { return value ? json(auth::name_of(*value)) : json(); }

Finding dmarc_finding(const auth::DmarcVerdict& verdict) {
  const bool has_record = verdict.published.has_value();
  return {"dmarc",
          "from",
          verdict.author_domain,
          auth::name_of(verdict.result),
          "RFC 9989 section " + verdict.section,
          verdict.security,
          verdict.reason,
          {{"fault", auth::name_of(verdict.fault)},
           {"organizational_domain", verdict.organizational_domain},
           {"policy_domain", verdict.policy_domain},
           {"tag", has_record ? json(auth::name_of(verdict.tag)) : json()},
           {"published", name_or_null(verdict.published)},
           {"testing", has_record ? json(verdict.testing) : json()},
           {"applied", name_or_null(verdict.policy())},
           {"aligned_method", verdict.aligned_method},
           {"aligned_domain", verdict.aligned_domain}}};
}

}  // namespace

std::vector<Finding> findings_of(const auth::SessionFacts& session,
                                 const auth::Verdicts& verdicts) {
  std::vector<Finding> findings = {
      spf_finding("mailfrom", verdicts.spf.mailfrom), spf_finding("helo", verdicts.spf.helo),
      iprev_finding(verdicts.iprev), null_mx_finding(session, verdicts.null_mx)};
  std::size_t number = 0;
  for (const auth::DkimVerdict& signature : verdicts.dkim.signatures)
    findings.push_back(dkim_finding(++number, signature));
  if (verdicts.dkim.signatures.empty()) findings.push_back(no_signature());
  findings.push_back(dmarc_finding(verdicts.dmarc));
  return findings;
}

}  // namespace ctl
