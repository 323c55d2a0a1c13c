// SPDX-License-Identifier: Apache-2.0
#include "policy/auth_results.h"

#include "dns/name.h"
#include "mail/auth_results.h"

namespace policy {
namespace {

// RFC 8601 section 2.7.2. A null reverse-path is judged as postmaster of helo, and told as that
// (RFC 7208 section 2.4).
mail::AuthResult mailfrom_result(const auth::SessionFacts& facts, const auth::SpfVerdict& verdict) {
  const std::string sender =
      facts.mail_from ? facts.mail_from->to_string() : "postmaster@" + facts.helo;
  return {"spf", name_of(verdict.result), verdict.reason, {{"smtp.mailfrom", sender}}};
}

mail::AuthResult helo_result(const auth::SessionFacts& facts, const auth::SpfVerdict& verdict) {
  return {"spf", name_of(verdict.result), verdict.reason, {{"smtp.helo", facts.helo}}};
}

// RFC 8601 section 2.7.3
mail::AuthResult iprev_result(const auth::SessionFacts& facts, const auth::IprevVerdict& verdict) {
  const std::string name = verdict.name.empty() ? "" : dns::presentation(verdict.name) + ": ";
  return {"iprev",
          name_of(verdict.result),
          name + verdict.reason,
          {{"policy.iprev", facts.client.to_string()}}};
}

}  // namespace

std::string authentication_results(const std::string& authserv_id, const auth::SessionFacts& facts,
                                   const auth::Verdicts& verdicts, bool smtputf8) {
  return mail::auth_results_field(
      authserv_id,
      {mailfrom_result(facts, verdicts.spf.mailfrom), helo_result(facts, verdicts.spf.helo),
       iprev_result(facts, verdicts.iprev)},
      smtputf8);
}

}  // namespace policy
