// SPDX-License-Identifier: Apache-2.0
#include "policy/dmarc_exceptions.h"

#include <algorithm>

#include "base/time.h"

namespace policy {
namespace {

using auth::DkimResult;

// Both names are A-labels in lower case.
bool is_signed_by(const auth::DkimVerdicts& dkim, const std::string& domain, DkimResult result) {
  return std::ranges::any_of(dkim.signatures, [&](const auth::DkimVerdict& signature) {
    return signature.result == result && signature.domain == domain;
  });
}

}  // namespace

ExceptionMatch find_exception(const std::vector<DmarcException>& exceptions,
                              const auth::SessionFacts& facts, const auth::DkimVerdicts& dkim) {
  ExceptionMatch match;
  if (exceptions.empty()) return match;
  const std::string today = base::UtcTime(facts.time).date();
  for (const DmarcException& exception : exceptions) {
    if (today > exception.until) continue;
    if (exception.network && !exception.network->contains(facts.client)) continue;
    if (exception.dkim_domain.empty() ||
        is_signed_by(dkim, exception.dkim_domain, DkimResult::Pass))
      return {&exception, false};
    if (match.exception == nullptr &&
        is_signed_by(dkim, exception.dkim_domain, DkimResult::TempError))
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
