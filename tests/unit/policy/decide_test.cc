// SPDX-License-Identifier: Apache-2.0
#include "policy/decide.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

namespace {

using auth::IprevResult;
using auth::NullMx;
using auth::SpfResult;
using policy::Action;
using policy::OnSpfFail;
using policy::OnTemporaryError;

const std::vector<SpfResult> kSpfResults = {
    SpfResult::None,     SpfResult::Neutral,   SpfResult::Pass,     SpfResult::Fail,
    SpfResult::SoftFail, SpfResult::TempError, SpfResult::PermError};

auth::SessionFacts facts() {
  auth::SessionFacts facts;
  facts.client = *base::IpAddress::parse("192.0.2.7");
  facts.helo = "client.example.org";
  facts.mail_from = mail::parse_mailbox("alice@example.net");
  return facts;
}

auth::Verdicts verdicts(SpfResult spf, NullMx null_mx = NullMx::No) {
  auth::Verdicts verdicts;
  verdicts.spf.mailfrom.result = spf;
  verdicts.spf.mailfrom.reason = "the reason";
  verdicts.spf.mailfrom.explanation = "from a stranger";
  verdicts.null_mx = null_mx;
  return verdicts;
}

policy::AuthSettings settings(OnSpfFail on_fail, OnTemporaryError on_temporary_error) {
  policy::AuthSettings settings;
  settings.authserv_id = "mx.ours.test";
  settings.on_temporary_error = on_temporary_error;
  settings.on_spf_fail = on_fail;
  return settings;
}

const std::vector<policy::AuthSettings> kAllSettings = {
    settings(OnSpfFail::Mark, OnTemporaryError::Defer),
    settings(OnSpfFail::Mark, OnTemporaryError::Accept),
    settings(OnSpfFail::Reject, OnTemporaryError::Defer),
    settings(OnSpfFail::Reject, OnTemporaryError::Accept)};

// What holds whatever the case.
policy::Disposition decided(const auth::Verdicts& verdicts, const policy::AuthSettings& settings) {
  const policy::Disposition disposition = policy::decide(facts(), verdicts, settings);
  const bool refused = disposition.action == Action::Reject || disposition.action == Action::Defer;
  CHECK(disposition.refusal.has_value() == refused);
  if (refused) CHECK(disposition.refusal->temporary() == (disposition.action == Action::Defer));
  CHECK((disposition.check == policy::Check::None) == (disposition.action == Action::Deliver));
  if (!disposition.exception.empty()) CHECK(disposition.action == Action::Deliver);
  return disposition;
}

Action action(const auth::Verdicts& verdicts, const policy::AuthSettings& settings) {
  return decided(verdicts, settings).action;
}

}  // namespace

TEST_CASE("SPF decides only where a fail refuses") {
  for (const policy::AuthSettings& s : kAllSettings) {
    for (const SpfResult result : kSpfResults) {
      INFO(name_of(result));
      const bool refuses = s.on_spf_fail == OnSpfFail::Reject;
      Action expected = Action::Deliver;
      if (refuses && result == SpfResult::Fail) expected = Action::Reject;
      if (refuses && result == SpfResult::TempError &&
          s.on_temporary_error == OnTemporaryError::Defer)
        expected = Action::Defer;
      CHECK(action(verdicts(result), s) == expected);
    }
  }
}

TEST_CASE("a null MX refuses before all else, one that is not known does nothing") {
  for (const policy::AuthSettings& s : kAllSettings) {
    for (const SpfResult result : kSpfResults) {
      const auto disposition = policy::decide(facts(), verdicts(result, NullMx::Yes), s);
      CHECK(disposition.action == Action::Reject);
      CHECK(disposition.refusal->reason == "null_mx");
    }
    CHECK(action(verdicts(SpfResult::Pass, NullMx::Unknown), s) == Action::Deliver);
  }
}

TEST_CASE("helo and iprev are only recorded") {
  for (const policy::AuthSettings& s : kAllSettings) {
    for (const SpfResult helo : kSpfResults) {
      for (const auto iprev :
           {IprevResult::Pass, IprevResult::Fail, IprevResult::TempError, IprevResult::PermError}) {
        auth::Verdicts some = verdicts(SpfResult::Pass);
        some.spf.helo.result = helo;
        some.iprev.result = iprev;
        CHECK(action(some, s) == Action::Deliver);
      }
    }
  }
}

TEST_CASE("replies name the domain and the check, and the log has the reason") {
  const auto strict = settings(OnSpfFail::Reject, OnTemporaryError::Defer);
  const auto null_mx = policy::decide(facts(), verdicts(SpfResult::Fail, NullMx::Yes), strict);
  CHECK(null_mx.refusal->render() ==
        "550 5.7.27 The sender's domain takes no mail (null MX): example.net\r\n");
  CHECK(null_mx.detail.empty());
  const auto fail = policy::decide(facts(), verdicts(SpfResult::Fail), strict);
  CHECK(fail.refusal->render() ==
        "550 5.7.23 SPF: this client may not send mail of example.net\r\n");
  CHECK(fail.refusal->reason == "spf_fail");
  CHECK(fail.detail == "the reason");
  const auto unknown = policy::decide(facts(), verdicts(SpfResult::TempError), strict);
  CHECK(unknown.refusal->render() ==
        "451 4.4.3 SPF cannot be checked now, try again later: example.net\r\n");
  CHECK(unknown.refusal->reason == "spf_temperror");
  CHECK(unknown.detail == "the reason");
}

TEST_CASE("helo stands in for a null sender, whatever it is") {
  auth::SessionFacts bounce = facts();
  bounce.mail_from.reset();
  const auto said = [&] {
    return policy::decide(bounce, verdicts(SpfResult::Fail),
                          settings(OnSpfFail::Reject, OnTemporaryError::Defer))
        .refusal->render();
  };
  CHECK(said().ends_with(" client.example.org\r\n"));
  bounce.helo = "a\r\n250 b\xff\n";
  CHECK(said() == "550 5.7.23 SPF: this client may not send mail of a??250 b??\r\n");
  bounce.helo = std::string(mail::kMaxDomain + 1, 'x');
  CHECK(said().ends_with(' ' + std::string(mail::kMaxDomain, 'x') + "\r\n"));
}

TEST_CASE("dispositions have the names that postern(8) gives") {
  const auto name = [](Action action) { return std::string(policy::name_of(action)); };
  CHECK(name(Action::Deliver) == "deliver");
  CHECK(name(Action::Quarantine) == "quarantine");
  CHECK(name(Action::Reject) == "reject");
  CHECK(name(Action::Defer) == "defer");
}
