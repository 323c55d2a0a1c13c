// SPDX-License-Identifier: Apache-2.0
#include "policy/auth_results.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "dns/name.h"
#include "mail/auth_results.h"

namespace policy {
namespace {

// Octets; for the result that says how many signatures are not told.
constexpr std::size_t kReserve = 100;

using Signatures = std::vector<const auth::DkimVerdict*>;
using Properties = std::vector<mail::AuthProperty>;

// One that did not pass is worth little, and anybody can put many on top.
Signatures in_order_of_worth(const auth::DkimVerdicts& dkim) {
  Signatures signatures;
  for (const auth::DkimVerdict& signature : dkim.signatures) signatures.push_back(&signature);
  std::stable_partition(signatures.begin(), signatures.end(), [](const auth::DkimVerdict* s) {
    return s->result == auth::DkimResult::Pass;
  });
  return signatures;
}

void add_unless_empty(Properties& properties, const char* name, const std::string& value) {
  if (!value.empty()) properties.push_back({name, value});
}

// No registered property says it (RFC 8904 has one for lists of addresses). Of what nobody
// validated, and of failures, nothing is said.
void add_dnssec(Properties& properties, dns::Security security) {
  if (security == dns::Security::Secure) properties.push_back({"policy.dnssec", "secure"});
  if (security == dns::Security::Insecure) properties.push_back({"policy.dnssec", "insecure"});
}

// What a stranger chose comes last: some readers pass over what follows a value in quotes.
mail::AuthResult spf_result(const auth::SpfVerdict& verdict, const char* identity,
                            const std::string& value) {
  mail::AuthResult result{"spf", name_of(verdict.result), verdict.reason, {}};
  add_dnssec(result.properties, verdict.security);
  result.properties.push_back({identity, value});
  return result;
}

// RFC 8601 section 2.7.2. A null reverse-path is judged as postmaster of helo, and told as that
// (RFC 7208 section 2.4).
std::string mailfrom(const auth::SessionFacts& facts) {
  return facts.mail_from ? facts.mail_from->to_string() : "postmaster@" + facts.helo;
}

// RFC 8601 section 2.7.3
mail::AuthResult iprev_result(const auth::SessionFacts& facts, const auth::IprevVerdict& verdict) {
  const std::string name = verdict.name.empty() ? "" : dns::presentation(verdict.name) + ": ";
  return {"iprev",
          name_of(verdict.result),
          name + verdict.reason,
          {{"policy.iprev", facts.client.to_string()}}};
}

// RFC 9989 section 9.3; policy.dmarc is what the domain asks for.
mail::AuthResult dmarc_result(const auth::DmarcVerdict& verdict, const Disposition& disposition) {
  mail::AuthResult result{"dmarc", name_of(verdict.result), verdict.reason, {}};
  add_unless_empty(result.properties, "header.from", verdict.author_domain);
  if (const auto policy = verdict.policy())
    result.properties.push_back({"policy.dmarc", name_of(*policy)});
  add_dnssec(result.properties, verdict.security);
  add_unless_empty(result.properties, "policy.override", disposition.exception);
  return result;
}

// RFC 8601 section 2.7.1
mail::AuthResult dkim_result(const auth::DkimVerdict& verdict, bool tells_start) {
  mail::AuthResult result{"dkim", name_of(verdict.result), verdict.reason, {}};
  if (verdict.testing) result.reason += ", by a key for tests";
  add_unless_empty(result.properties, "header.d", verdict.domain);
  add_unless_empty(result.properties, "header.s", verdict.selector);
  add_unless_empty(result.properties, "header.a", verdict.algorithm);
  add_dnssec(result.properties, verdict.key_security);
  add_unless_empty(result.properties, "header.i", verdict.identity);
  if (tells_start) add_unless_empty(result.properties, "header.b", verdict.signature);
  return result;
}

void add_dkim(mail::AuthResultsField& field, const auth::DkimVerdicts& dkim) {
  // RFC 6008 section 4: where the rest leaves open which signature is meant.
  std::map<std::pair<std::string, std::string>, unsigned> namesakes;
  for (const auth::DkimVerdict& signature : dkim.signatures)
    ++namesakes[{signature.domain, signature.selector}];
  std::uint64_t left_out = dkim.unlisted;
  for (const auth::DkimVerdict* signature : in_order_of_worth(dkim)) {
    const bool is_alone = namesakes[{signature->domain, signature->selector}] == 1;
    if (!field.add(dkim_result(*signature, !is_alone), kReserve)) ++left_out;
  }
  bool added = true;
  if (dkim.signatures.empty() && left_out == 0) added = field.add({"dkim", "none", "", {}});
  if (left_out > 0) {
    const std::string more = std::to_string(left_out) + " more, not told here";
    added = field.add({"dkim", "neutral", more, {}});
  }
  POSTERN_ASSERT(added);
}

}  // namespace

std::string authentication_results(const std::string& authserv_id, const auth::SessionFacts& facts,
                                   const auth::Verdicts& verdicts, const Disposition& disposition,
                                   bool smtputf8) {
  mail::AuthResultsField field(authserv_id, smtputf8);
  const bool fits =
      field.add(spf_result(verdicts.spf.mailfrom, "smtp.mailfrom", mailfrom(facts))) &&
      field.add(spf_result(verdicts.spf.helo, "smtp.helo", facts.helo)) &&
      field.add(iprev_result(facts, verdicts.iprev)) &&
      field.add(dmarc_result(verdicts.dmarc, disposition), kReserve);
  POSTERN_ASSERT(fits);
  add_dkim(field, verdicts.dkim);
  return field.text();
}

std::string dkim_summary(const auth::DkimVerdicts& dkim) {
  std::string summary;
  for (const auth::DkimVerdict* signature : in_order_of_worth(dkim)) {
    if (!summary.empty()) summary += ',';
    summary += std::string(name_of(signature->result)) + ':' + signature->domain;
    if (!signature->selector.empty()) summary += '/' + signature->selector;
  }
  return summary.empty() ? "none" : summary;
}

}  // namespace policy
