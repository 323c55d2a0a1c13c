// SPDX-License-Identifier: Apache-2.0
#include "policy/dmarc_exceptions.h"

#include <algorithm>

#include "base/time.h"
#include "mail/idn.h"

namespace policy {
namespace {

using auth::DkimResult;

// The domains (d=) of the signatures with that result, in A-labels.
std::vector<std::string> signers(const auth::DkimVerdicts& dkim, DkimResult result) {
  std::vector<std::string> domains;
  for (const auth::DkimVerdict& signature : dkim.signatures) {
    if (signature.result != result) continue;
    if (auto domain = mail::to_a_labels(signature.domain)) domains.push_back(std::move(*domain));
  }
  return domains;
}

bool contains(const std::vector<std::string>& domains, const std::string& domain) {
  return std::find(domains.begin(), domains.end(), domain) != domains.end();
}

}  // namespace

ExceptionMatch find_exception(const std::vector<DmarcException>& exceptions,
                              const auth::SessionFacts& facts, const auth::DkimVerdicts& dkim) {
  ExceptionMatch match;
  if (exceptions.empty()) return match;
  const std::string today = base::UtcTime(facts.time).date();
  const auto passed = signers(dkim, DkimResult::Pass);
  const auto open = signers(dkim, DkimResult::TempError);
  for (const DmarcException& exception : exceptions) {
    if (today > exception.until) continue;
    if (exception.network && !exception.network->contains(facts.client)) continue;
    if (exception.dkim_domain.empty() || contains(passed, exception.dkim_domain))
      return {&exception, false};
    if (match.exception == nullptr && contains(open, exception.dkim_domain))
      match = {&exception, true};
  }
  return match;
}

std::string description(const DmarcException& exception) {
  std::string text;
  if (exception.network) text += "from " + exception.network->to_string() + ", ";
  if (!exception.dkim_domain.empty()) text += "signed by " + exception.dkim_domain + ", ";
  return text + "until " + exception.until + ": " + exception.reason;
}

}  // namespace policy
