// SPDX-License-Identifier: Apache-2.0
#include "policy/decide.h"

#include <array>
#include <string_view>

#include "base/ascii.h"
#include "mail/domain.h"
#include "smtp/replies.h"

namespace policy {
namespace {

namespace replies = smtp::replies;
using auth::NullMx;
using auth::SpfResult;

struct Case {
  const auth::SessionFacts& facts;
  const auth::Verdicts& verdicts;
  const AuthSettings& settings;

  // helo stands in for a null reverse-path (RFC 7208 section 2.4).
  std::string_view domain() const { return facts.mail_from ? facts.mail_from->domain : facts.helo; }
  // Of mailfrom alone: a message is not refused for the name of its client.
  SpfResult spf() const { return verdicts.spf.mailfrom.result; }
};

bool spf_can_refuse(const Case& c) { return c.settings.on_spf_fail == OnSpfFail::Reject; }
bool defers(const Case& c) { return c.settings.on_temporary_error == OnTemporaryError::Defer; }

std::string no_detail(const Case&) { return {}; }
std::string spf_reason(const Case& c) { return c.verdicts.spf.mailfrom.reason; }

struct Rule {
  bool (*applies)(const Case&);
  Action action;
  smtp::Reply (*refusal)(std::string_view domain);
  std::string (*detail)(const Case&);
};

// The first that applies decides; where none does the message is delivered. So softfail, permerror
// and every result of iprev and of helo are only recorded, and so is a temporary error that leaves
// open nothing for which the message could be refused.
constexpr Rule kRules[] = {
    {[](const Case& c) { return c.verdicts.null_mx == NullMx::Yes; },  //
     Action::Reject, replies::null_mx, no_detail},
    {[](const Case& c) { return c.spf() == SpfResult::Fail && spf_can_refuse(c); },  //
     Action::Reject, replies::spf_fail, spf_reason},
    {[](const Case& c) {
       return c.spf() == SpfResult::TempError && spf_can_refuse(c) && defers(c);
     },
     Action::Defer, replies::spf_unknown, spf_reason},
};

}  // namespace

const char* name_of(Action action) {
  static constexpr std::array kNames = {"deliver", "quarantine", "reject", "defer"};
  return kNames.at(static_cast<std::size_t>(action));
}

Disposition decide(const auth::SessionFacts& facts, const auth::Verdicts& verdicts,
                   const AuthSettings& settings) {
  const Case c{facts, verdicts, settings};
  for (const Rule& rule : kRules) {
    if (!rule.applies(c)) continue;
    const std::string domain = base::printable(c.domain().substr(0, mail::kMaxDomain));
    return {rule.action, rule.refusal(domain), rule.detail(c)};
  }
  return {};
}

}  // namespace policy
