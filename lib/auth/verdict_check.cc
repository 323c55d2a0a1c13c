// SPDX-License-Identifier: Apache-2.0
#include "auth/verdict_check.h"

#include <algorithm>
#include <string>

#include "auth/dkim_screen.h"
#include "auth/dkim_signature.h"
#include "auth/spf_eval.h"
#include "base/ascii.h"

namespace auth {
namespace {

// Any bytes.
bool is_name(const std::string& text) { return text.size() <= kMaxVerdictName; }

bool is_prose(const std::string& text, std::size_t most) {
  return text.size() <= most && std::ranges::all_of(text, base::is_printable);
}
bool is_reason(const std::string& text) { return is_prose(text, kMaxVerdictReason); }
bool is_section(const std::string& text) { return is_prose(text, kMaxVerdictSection); }

bool can_be(const SpfVerdict& verdict) {
  return is_name(verdict.domain) && is_reason(verdict.reason) && is_section(verdict.section) &&
         is_prose(verdict.mechanism, kMaxVerdictName) &&
         is_prose(verdict.explanation, kMaxSpfExplanation);
}

bool can_be(const IprevVerdict& verdict) {
  return is_name(verdict.name) && is_reason(verdict.reason);
}

bool can_be(const DkimVerdict& verdict) {
  return is_prose(verdict.domain, kMaxVerdictName) && is_prose(verdict.selector, kMaxVerdictName) &&
         is_prose(verdict.identity, kMaxDkimIdentity) &&
         is_prose(verdict.algorithm, kMaxVerdictSection) &&
         is_prose(verdict.signature, kMaxVerdictSection) && is_reason(verdict.reason) &&
         is_section(verdict.section);
}

bool can_be(const DkimVerdicts& verdicts) {
  return verdicts.signatures.size() <= kMaxDkimListed &&
         std::ranges::all_of(verdicts.signatures,
                             [](const DkimVerdict& verdict) { return can_be(verdict); });
}

bool can_be(const DmarcVerdict& verdict) {
  return is_name(verdict.author_domain) && is_reason(verdict.reason) &&
         is_section(verdict.section) && is_name(verdict.organizational_domain) &&
         is_name(verdict.policy_domain) && is_prose(verdict.aligned_method, kMaxVerdictSection) &&
         is_name(verdict.aligned_domain);
}

}  // namespace

bool can_be(const Verdicts& verdicts) {
  return can_be(verdicts.spf.mailfrom) && can_be(verdicts.spf.helo) && can_be(verdicts.iprev) &&
         can_be(verdicts.dkim) && can_be(verdicts.dmarc);
}

}  // namespace auth
