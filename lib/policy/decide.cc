// SPDX-License-Identifier: Apache-2.0
#include "policy/decide.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "auth/dmarc_identifier.h"
#include "base/ascii.h"
#include "mail/domain.h"
#include "mail/idn.h"
#include "policy/dmarc_exceptions.h"
#include "smtp/replies.h"

namespace policy {
namespace {

namespace replies = smtp::replies;
using auth::AuthorFault;
using auth::DmarcPolicy;
using auth::DmarcResult;
using auth::NullMx;
using auth::SpfResult;
using IdentifierState = auth::DmarcIdentifier::State;

// What DMARC would do with a message, before it is known whether anything is done.
enum class DmarcAsks {
  Nothing,
  Refusal,
  Quarantine,
  Patience,         // it cannot be known now
  ExceptionOpen,    // refusal or quarantine, but for an exception that cannot be checked now
  ExceptionApplies  // any of these, but for an exception
};

// Whether the domain of From itself stands behind a message.
enum class Vouched { No, Yes, Open };

DmarcAsks by_policy(const auth::DmarcVerdict& dmarc, const AuthSettings& settings) {
  if (!settings.enforce_dmarc) return DmarcAsks::Nothing;
  const auto policy = dmarc.policy();
  if (dmarc.result == DmarcResult::TempError)
    return policy == DmarcPolicy::None ? DmarcAsks::Nothing : DmarcAsks::Patience;
  if (dmarc.result != DmarcResult::Fail || policy.value_or(DmarcPolicy::None) == DmarcPolicy::None)
    return DmarcAsks::Nothing;
  const bool refuses =
      policy == DmarcPolicy::Reject && settings.on_dmarc_reject == OnDmarcReject::Reject;
  return refuses ? DmarcAsks::Refusal : DmarcAsks::Quarantine;
}

// Where the domain publishes no record, being authenticated as exactly that domain is enough; where
// it does, that is a pass of DMARC too.
Vouched vouched(const std::string& author, const auth::Verdicts& verdicts) {
  if (verdicts.dmarc.result == DmarcResult::Pass) return Vouched::Yes;
  std::vector<auth::DmarcIdentifier> identifiers{identifier_of(verdicts.spf.mailfrom)};
  for (const auth::DkimVerdict& signature : verdicts.dkim.signatures)
    identifiers.push_back(identifier_of(signature));
  bool open = verdicts.dmarc.result == DmarcResult::TempError;
  for (const auth::DmarcIdentifier& identifier : identifiers) {
    if (identifier.state == IdentifierState::Failed) continue;
    if (mail::to_a_labels(identifier.domain) != author) continue;
    if (identifier.state == IdentifierState::Passed) return Vouched::Yes;
    open = true;
  }
  return open ? Vouched::Open : Vouched::No;
}

class Case {
 public:
  Case(const auth::SessionFacts& facts, const auth::Verdicts& verdicts,
       const AuthSettings& settings)
      : facts_(facts), verdicts_(verdicts), settings_(settings) {
    judge_dmarc();
    const auto& guarded = settings.guarded_domains;
    is_guarded_ = std::find(guarded.begin(), guarded.end(), author()) != guarded.end();
    if (is_guarded_) vouched_ = policy::vouched(author(), verdicts);
  }

  // helo stands in for a null reverse-path (RFC 7208 section 2.4).
  std::string_view sender() const {
    return facts_.mail_from ? facts_.mail_from->domain : facts_.helo;
  }
  const std::string& author() const { return verdicts_.dmarc.author_domain; }

  AuthorFault fault() const { return verdicts_.dmarc.fault; }
  NullMx null_mx() const { return verdicts_.null_mx; }
  // Of mailfrom alone: a message is not refused for the name of its client.
  SpfResult spf() const { return verdicts_.spf.mailfrom.result; }
  bool spf_can_refuse() const { return settings_.on_spf_fail == OnSpfFail::Reject; }
  bool is_spoofed() const { return is_guarded_ && vouched_ == Vouched::No; }
  bool may_be_spoofed() const { return is_guarded_ && vouched_ == Vouched::Open; }
  DmarcAsks dmarc() const { return dmarc_; }
  bool defers() const { return settings_.on_temporary_error == OnTemporaryError::Defer; }

  std::string spf_reason() const { return verdicts_.spf.mailfrom.reason; }
  std::string dmarc_reason() const {
    if (dmarc_ != DmarcAsks::ExceptionOpen) return verdicts_.dmarc.reason;
    return verdicts_.dmarc.reason + ", and this exception cannot be checked: " + exception_;
  }
  const std::string& exception() const { return exception_; }

 private:
  void judge_dmarc() {
    dmarc_ = by_policy(verdicts_.dmarc, settings_);
    if (dmarc_ == DmarcAsks::Nothing) return;
    const auto match = find_exception(settings_.dmarc_exceptions, facts_, verdicts_.dkim);
    if (match.exception == nullptr) return;
    exception_ = description(*match.exception);
    if (!match.open) {
      dmarc_ = DmarcAsks::ExceptionApplies;
    } else if (dmarc_ != DmarcAsks::Patience) {
      dmarc_ = DmarcAsks::ExceptionOpen;
    }
  }

  const auth::SessionFacts& facts_;
  const auth::Verdicts& verdicts_;
  const AuthSettings& settings_;
  DmarcAsks dmarc_ = DmarcAsks::Nothing;
  std::string exception_;
  bool is_guarded_ = false;
  Vouched vouched_ = Vouched::No;
};

// In the order of AuthorFault; the first is none.
constexpr std::array kFaultReplies = {replies::no_from,        replies::no_from,
                                      replies::several_froms,  replies::bad_from,
                                      replies::no_from_domain, replies::several_domains};

smtp::Reply fault_reply(const Case& c) {
  return kFaultReplies.at(static_cast<std::size_t>(c.fault()))();
}

template <auto Text, auto Domain>
smtp::Reply about(const Case& c) {
  const std::string_view domain = (c.*Domain)();
  return Text(base::printable(domain.substr(0, mail::kMaxDomain)));
}

std::string no_detail(const Case&) { return {}; }
std::string spf_reason(const Case& c) { return c.spf_reason(); }
std::string dmarc_reason(const Case& c) { return c.dmarc_reason(); }

struct Rule {
  Check check;
  bool (*applies)(const Case&);
  Action action;
  smtp::Reply (*refusal)(const Case&);  // null: it is not refused
  std::string (*detail)(const Case&);
};

// The first that applies decides; where none does the message is delivered. What is known comes
// before what is open: a definite refusal is not put off. So softfail, permerror and every result
// of iprev and of helo are only recorded, and so is a temporary error that leaves open nothing for
// which the message could be refused.
constexpr Rule kRules[] = {
    // Whoever may choose among several authors, or hide them all, chooses the policy too.
    {Check::Author, [](const Case& c) { return c.fault() != AuthorFault::None; },  //
     Action::Reject, fault_reply, dmarc_reason},
    {Check::NullMx, [](const Case& c) { return c.null_mx() == NullMx::Yes; },  //
     Action::Reject, about<replies::null_mx, &Case::sender>, no_detail},
    {Check::Spf, [](const Case& c) { return c.spf() == SpfResult::Fail && c.spf_can_refuse(); },
     Action::Reject, about<replies::spf_fail, &Case::sender>, spf_reason},
    {Check::Spoofing, [](const Case& c) { return c.is_spoofed(); },  //
     Action::Reject, about<replies::spoofed, &Case::author>, dmarc_reason},
    {Check::Dmarc, [](const Case& c) { return c.dmarc() == DmarcAsks::Refusal; },  //
     Action::Reject, about<replies::dmarc_fail, &Case::author>, dmarc_reason},
    // Of a signature that cannot be checked now nobody knows whether it excuses the failure. That
    // is no reason to refuse for good, and none to deliver as if it did.
    {Check::Dmarc,
     [](const Case& c) {
       return c.dmarc() == DmarcAsks::Quarantine ||
              (c.dmarc() == DmarcAsks::ExceptionOpen && !c.defers());
     },
     Action::Quarantine, nullptr, dmarc_reason},
    {Check::Dmarc,
     [](const Case& c) {
       return c.defers() &&
              (c.dmarc() == DmarcAsks::Patience || c.dmarc() == DmarcAsks::ExceptionOpen);
     },
     Action::Defer, about<replies::dmarc_unknown, &Case::author>, dmarc_reason},
    {Check::Spf,
     [](const Case& c) {
       return c.spf() == SpfResult::TempError && c.spf_can_refuse() && c.defers();
     },
     Action::Defer, about<replies::spf_unknown, &Case::sender>, spf_reason},
    {Check::Spoofing, [](const Case& c) { return c.may_be_spoofed() && c.defers(); },  //
     Action::Defer, about<replies::spoofing_unknown, &Case::author>, dmarc_reason},
};

}  // namespace

const char* name_of(Action action) {
  static constexpr std::array kNames = {"deliver", "quarantine", "reject", "defer"};
  return kNames.at(static_cast<std::size_t>(action));
}

Disposition decide(const auth::SessionFacts& facts, const auth::Verdicts& verdicts,
                   const AuthSettings& settings) {
  const Case c(facts, verdicts, settings);
  Disposition disposition;
  for (const Rule& rule : kRules) {
    if (!rule.applies(c)) continue;
    disposition.action = rule.action;
    disposition.check = rule.check;
    disposition.detail = rule.detail(c);
    if (rule.refusal != nullptr) disposition.refusal = rule.refusal(c);
    return disposition;
  }
  if (c.dmarc() == DmarcAsks::ExceptionApplies) disposition.exception = c.exception();
  return disposition;
}

}  // namespace policy
