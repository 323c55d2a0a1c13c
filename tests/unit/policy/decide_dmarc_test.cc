// SPDX-License-Identifier: Apache-2.0
// What DMARC, the author domain and our own domains lead to.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "auth/dmarc.h"
#include "policy/decide.h"

namespace {

using auth::AuthorFault;
using auth::DkimResult;
using auth::DmarcPolicy;
using auth::DmarcResult;
using auth::NullMx;
using auth::SpfResult;
using policy::Action;
using policy::Check;
using policy::Disposition;
using policy::OnTemporaryError;

// Nothing is known of the message but that it says it is from example.org.
struct Message {
  auth::SessionFacts facts;
  auth::Verdicts verdicts;
  policy::AuthSettings settings;

  Message() {
    facts.client = *base::IpAddress::parse("192.0.2.7");
    facts.helo = "client.example.net";
    facts.mail_from = mail::parse_mailbox("alice@example.net");
    facts.time = base::WallTime() + std::chrono::seconds(1814400000);  // 2027-07-01 00:00:00
    verdicts.null_mx = NullMx::No;
    verdicts.spf.mailfrom.domain = "example.net";
    verdicts.dmarc.author_domain = "example.org";
    verdicts.dmarc.reason = "the reason";
  }

  Message& dmarc(DmarcResult result, std::optional<DmarcPolicy> published = {}) {
    verdicts.dmarc.result = result;
    verdicts.dmarc.published = published;
    return *this;
  }
  Message& signature(DkimResult result, const std::string& domain) {
    auth::DkimVerdict verdict;
    verdict.result = result;
    verdict.domain = domain;
    verdicts.dkim.signatures.push_back(verdict);
    return *this;
  }
  Message& spf(SpfResult result, const std::string& domain) {
    verdicts.spf.mailfrom.result = result;
    verdicts.spf.mailfrom.domain = domain;
    return *this;
  }
  Message& guarded() {
    settings.guarded_domains = {"other.example", "example.org"};
    return *this;
  }
  Message& exception(const char* network, const std::string& domain,
                     const std::string& until = "2027-07-01") {
    policy::DmarcException exception;
    if (*network != '\0') exception.network = *base::Network::parse(network);
    exception.dkim_domain = domain;
    exception.until = until;
    exception.reason = "a list";
    settings.dmarc_exceptions.push_back(exception);
    return *this;
  }

  Disposition decide() const {
    const Disposition disposition = policy::decide(facts, verdicts, settings);
    const bool refused =
        disposition.action == Action::Reject || disposition.action == Action::Defer;
    CHECK(disposition.refusal.has_value() == refused);
    if (refused) CHECK(disposition.refusal->temporary() == (disposition.action == Action::Defer));
    CHECK((disposition.check == Check::None) == (disposition.action == Action::Deliver));
    if (!disposition.exception.empty()) CHECK(disposition.action == Action::Deliver);
    return disposition;
  }
  // "reject dmarc_fail", "deliver"
  std::string outcome() const {
    const Disposition disposition = decide();
    std::string text = name_of(disposition.action);
    if (disposition.refusal) text += ' ' + std::string(disposition.refusal->reason);
    return text;
  }
};

Message failing(DmarcPolicy policy = DmarcPolicy::Reject) {
  return Message().dmarc(DmarcResult::Fail, policy);
}

}  // namespace

TEST_CASE("a failure has the consequence that the domain asks for") {
  CHECK(failing(DmarcPolicy::None).outcome() == "deliver");
  CHECK(failing(DmarcPolicy::Quarantine).outcome() == "quarantine");
  CHECK(failing(DmarcPolicy::Reject).outcome() == "reject dmarc_fail");
  for (const auto result : {DmarcResult::None, DmarcResult::Pass})
    CHECK(Message().dmarc(result, DmarcPolicy::Reject).outcome() == "deliver");
}

TEST_CASE("a domain that is testing asks for one step less") {
  Message message = failing();
  message.verdicts.dmarc.testing = true;
  CHECK(message.outcome() == "quarantine");
  message.dmarc(DmarcResult::Fail, DmarcPolicy::Quarantine);
  CHECK(message.outcome() == "deliver");
  message.dmarc(DmarcResult::TempError, DmarcPolicy::Quarantine);
  CHECK(message.outcome() == "deliver");
  message.dmarc(DmarcResult::TempError, DmarcPolicy::Reject);
  CHECK(message.outcome() == "defer dmarc_temperror");
}

TEST_CASE("a refusal can be a quarantine, and DMARC can be recorded only") {
  Message message = failing();
  message.settings.on_dmarc_reject = policy::OnDmarcReject::Quarantine;
  CHECK(message.outcome() == "quarantine");
  for (const auto policy : {DmarcPolicy::Quarantine, DmarcPolicy::Reject}) {
    message = failing(policy);
    message.settings.enforce_dmarc = false;
    CHECK(message.outcome() == "deliver");
    CHECK(message.dmarc(DmarcResult::TempError).outcome() == "deliver");
  }
}

TEST_CASE("a fault of the author refuses whatever else there is") {
  const std::vector<std::pair<AuthorFault, std::string>> faults = {
      {AuthorFault::NoFrom, "550 5.6.0 The message has no From field\r\n"},
      {AuthorFault::SeveralFroms, "550 5.6.0 The message has several From fields\r\n"},
      {AuthorFault::BadFrom, "550 5.6.0 The From field cannot be read\r\n"},
      {AuthorFault::NoDomain,
       "550 5.6.0 The From field has an address literal in place of a domain\r\n"},
      {AuthorFault::SeveralDomains,
       "550 5.6.0 The From field has mailboxes of several domains\r\n"}};
  for (const bool enforce : {true, false}) {
    for (const auto& [fault, reply] : faults) {
      Message message;
      message.dmarc(DmarcResult::PermError).exception("0.0.0.0/0", "");
      message.verdicts.dmarc.author_domain.clear();
      message.verdicts.dmarc.fault = fault;
      message.verdicts.null_mx = NullMx::Yes;
      message.settings.enforce_dmarc = enforce;
      const Disposition disposition = message.decide();
      REQUIRE(disposition.refusal);
      CHECK(disposition.refusal->render() == reply);
      CHECK(disposition.check == Check::Author);
      CHECK(disposition.detail == "the reason");
    }
  }
}

TEST_CASE("the reply names check and domain, the log the reason") {
  const Disposition refused = failing().decide();
  CHECK(refused.refusal->render() ==
        "550 5.7.1 DMARC: refused as the policy of the From domain asks: example.org\r\n");
  CHECK(refused.detail == "the reason");
  CHECK(refused.check == Check::Dmarc);
  const Disposition deferred = Message().dmarc(DmarcResult::TempError).decide();
  CHECK(deferred.refusal->render() ==
        "451 4.4.3 DMARC cannot be checked now, try again later: example.org\r\n");
  CHECK(failing(DmarcPolicy::Quarantine).decide().detail == "the reason");
  Message hostile = failing();
  hostile.verdicts.dmarc.author_domain = "a\r\n250 \xff" + std::string(300, 'x');
  CHECK(hostile.decide().refusal->text.ends_with(": a??250 ?" + std::string(247, 'x')));
}

TEST_CASE("what is open defers where it could do anything") {
  for (const auto policy : {DmarcPolicy::None, DmarcPolicy::Quarantine, DmarcPolicy::Reject}) {
    Message message = Message().dmarc(DmarcResult::TempError, policy);
    const bool asks = policy != DmarcPolicy::None;
    CHECK(message.outcome() == (asks ? "defer dmarc_temperror" : "deliver"));
    message.settings.on_temporary_error = OnTemporaryError::Accept;
    CHECK(message.outcome() == "deliver");
  }
  CHECK(Message().dmarc(DmarcResult::TempError).outcome() == "defer dmarc_temperror");
}

TEST_CASE("what is definite is not put off") {
  Message message = failing();
  message.settings.on_spf_fail = policy::OnSpfFail::Reject;
  message.spf(SpfResult::TempError, "example.net");
  CHECK(message.outcome() == "reject dmarc_fail");
  CHECK(message.dmarc(DmarcResult::Fail, DmarcPolicy::Quarantine).outcome() == "quarantine");
  CHECK(message.dmarc(DmarcResult::Fail, DmarcPolicy::None).outcome() == "defer spf_temperror");
  message.dmarc(DmarcResult::TempError).spf(SpfResult::Fail, "example.net");
  CHECK(message.outcome() == "reject spf_fail");
  message.verdicts.null_mx = NullMx::Yes;
  CHECK(message.outcome() == "reject null_mx");
}

TEST_CASE("the first rule decides: SPF, our own domains, DMARC") {
  Message message = failing().guarded();
  CHECK(message.outcome() == "reject spoofed");
  message.settings.on_spf_fail = policy::OnSpfFail::Reject;
  CHECK(message.spf(SpfResult::Fail, "example.net").outcome() == "reject spf_fail");
}

TEST_CASE("mail of a guarded domain of ours has to pass, whatever its policy") {
  for (const auto policy : {DmarcPolicy::None, DmarcPolicy::Quarantine, DmarcPolicy::Reject}) {
    CHECK(failing(policy).guarded().outcome() == "reject spoofed");
    Message message = failing(policy).guarded();
    message.settings.enforce_dmarc = false;
    message.verdicts.dmarc.testing = true;
    CHECK(message.outcome() == "reject spoofed");
  }
  const Disposition disposition = failing(DmarcPolicy::None).guarded().decide();
  CHECK(disposition.refusal->render() ==
        "550 5.7.1 Not authenticated as mail of the From domain, which is ours: example.org\r\n");
  CHECK(disposition.check == Check::Spoofing);
  CHECK(Message().guarded().dmarc(DmarcResult::Pass, DmarcPolicy::None).outcome() == "deliver");
}

TEST_CASE("the guard is for exactly that domain") {
  for (const std::string author : {"mail.example.org", "org", "xexample.org", "example.org.net"}) {
    Message message = failing(DmarcPolicy::None).guarded();
    message.verdicts.dmarc.author_domain = author;
    CHECK(message.outcome() == "deliver");
  }
}

TEST_CASE("a guarded domain without a record passes as itself, and as nothing else") {
  const auto without_record = [] { return Message().guarded().dmarc(DmarcResult::None); };
  CHECK(without_record().outcome() == "reject spoofed");
  CHECK(without_record().signature(DkimResult::Pass, "example.org").outcome() == "deliver");
  CHECK(without_record().spf(SpfResult::Pass, "EXAMPLE.org").outcome() == "deliver");
  for (const std::string other : {"mail.example.org", "org", "example.net", "", "example.org\n"}) {
    CHECK(without_record().signature(DkimResult::Pass, other).outcome() == "reject spoofed");
    CHECK(without_record().spf(SpfResult::Pass, other).outcome() == "reject spoofed");
  }
  for (const auto result :
       {DkimResult::Fail, DkimResult::Policy, DkimResult::Neutral, DkimResult::PermError})
    CHECK(without_record().signature(result, "example.org").outcome() == "reject spoofed");
  for (const auto result : {SpfResult::None, SpfResult::Neutral, SpfResult::Fail,
                            SpfResult::SoftFail, SpfResult::PermError})
    CHECK(without_record().spf(result, "example.org").outcome() == "reject spoofed");
  // helo proves nothing about the author.
  Message message = without_record();
  message.verdicts.spf.helo.result = SpfResult::Pass;
  message.verdicts.spf.helo.domain = "example.org";
  CHECK(message.outcome() == "reject spoofed");
}

TEST_CASE("a guarded domain that cannot be checked now is put off, not refused") {
  const auto open = [] { return Message().guarded().dmarc(DmarcResult::TempError); };
  CHECK(open().outcome() == "defer dmarc_temperror");
  std::vector<Message> messages = {
      open(), Message().guarded().signature(DkimResult::TempError, "example.org"),
      Message().guarded().spf(SpfResult::TempError, "example.org")};
  messages[0].settings.enforce_dmarc = false;
  for (Message& message : messages) {
    CHECK(message.outcome() == "defer spoof_temperror");
    CHECK(message.decide().refusal->render() ==
          "451 4.4.3 The From domain cannot be authenticated now, try again later: "
          "example.org\r\n");
    message.settings.on_temporary_error = OnTemporaryError::Accept;
    CHECK(message.outcome() == "deliver");
  }
  // The record is not known, but whatever it says the message passes.
  CHECK(open().signature(DkimResult::Pass, "example.org").outcome() == "defer dmarc_temperror");
  messages[0].settings.on_temporary_error = OnTemporaryError::Defer;
  CHECK(messages[0].signature(DkimResult::Pass, "example.org").outcome() == "deliver");
  // Somebody else's signature leaves nothing open.
  CHECK(Message().guarded().signature(DkimResult::TempError, "example.net").outcome() ==
        "reject spoofed");
}

TEST_CASE("an exception turns what DMARC asks for into a delivery, and says why") {
  const std::vector<Message> asking = {failing(DmarcPolicy::Reject),
                                       failing(DmarcPolicy::Quarantine),
                                       Message().dmarc(DmarcResult::TempError)};
  for (Message message : asking) {
    message.exception("198.51.100.0/24", "").exception("192.0.2.0/24", "");
    const Disposition disposition = message.decide();
    CHECK(disposition.action == Action::Deliver);
    CHECK(disposition.exception == "from 192.0.2.0/24, until 2027-07-01: a list");
  }
  CHECK(failing(DmarcPolicy::None).exception("192.0.2.0/24", "").decide().exception.empty());
  CHECK(
      Message().dmarc(DmarcResult::Pass).exception("192.0.2.0/24", "").decide().exception.empty());
}

TEST_CASE("an exception holds for its network and its signer, for both when it names both") {
  const std::string refused = "reject dmarc_fail";
  CHECK(failing().exception("198.51.100.0/24", "").outcome() == refused);
  CHECK(failing().exception("", "l.example").outcome() == refused);
  Message listed = failing().signature(DkimResult::Fail, "a.example");
  listed.signature(DkimResult::Pass, "l.example");
  CHECK(Message(listed).exception("", "l.example").decide().exception ==
        "signed by l.example, until 2027-07-01: a list");
  CHECK(Message(listed).exception("192.0.2.7", "l.example").decide().exception ==
        "from 192.0.2.7/32, signed by l.example, until 2027-07-01: a list");
  CHECK(Message(listed).exception("192.0.2.8", "l.example").outcome() == refused);
  CHECK(failing().exception("192.0.2.7", "l.example").outcome() == refused);
  for (const std::string signer : {"x.l.example", "example", "a.example"})
    CHECK(Message(listed).exception("", signer).outcome() == refused);
  for (const auto result :
       {DkimResult::Fail, DkimResult::Policy, DkimResult::Neutral, DkimResult::PermError})
    CHECK(failing().signature(result, "l.example").exception("", "l.example").outcome() == refused);
}

TEST_CASE("an exception ends with its last day, in UTC and by the date of the message") {
  CHECK(failing().exception("192.0.2.7", "", "2027-06-30").outcome() == "reject dmarc_fail");
  Message message = failing().exception("192.0.2.7", "", "2027-06-30");
  message.facts.time -= std::chrono::microseconds(1);
  CHECK(message.outcome() == "deliver");
  CHECK(failing().exception("192.0.2.7", "", "2027-07-01").outcome() == "deliver");
}

TEST_CASE("an exception is never one of another rule") {
  Message message = failing().exception("192.0.2.7", "");
  message.settings.on_spf_fail = policy::OnSpfFail::Reject;
  CHECK(Message(message).spf(SpfResult::Fail, "a.example").outcome() == "reject spf_fail");
  CHECK(Message(message).spf(SpfResult::TempError, "a.example").outcome() == "defer spf_temperror");
  CHECK(Message(message).guarded().outcome() == "reject spoofed");
  Message open = Message(message).guarded().dmarc(DmarcResult::TempError);
  CHECK(open.outcome() == "defer spoof_temperror");
  message.verdicts.null_mx = NullMx::Yes;
  CHECK(message.outcome() == "reject null_mx");
}

TEST_CASE("a signature that cannot be checked leaves open whether its exception applies") {
  const auto open = [](DmarcPolicy policy) {
    return failing(policy).signature(DkimResult::TempError, "l.example").exception("", "l.example");
  };
  for (const auto policy : {DmarcPolicy::Quarantine, DmarcPolicy::Reject}) {
    Message message = open(policy);
    CHECK(message.outcome() == "defer dmarc_temperror");
    CHECK(message.decide().detail ==
          "the reason, and this exception cannot be checked: signed by l.example, until "
          "2027-07-01: a list");
    message.settings.on_temporary_error = OnTemporaryError::Accept;
    CHECK(message.outcome() == "quarantine");
  }
  CHECK(open(DmarcPolicy::None).outcome() == "deliver");
  // One that applies beside it.
  CHECK(
      open(DmarcPolicy::Reject).exception("192.0.2.7", "").decide().exception.starts_with("from"));
  CHECK(open(DmarcPolicy::Reject).signature(DkimResult::Pass, "l.example").outcome() == "deliver");
  // Nobody's exception is open to nobody.
  CHECK(failing()
            .signature(DkimResult::TempError, "x.example")
            .exception("", "l.example")
            .outcome() == "reject dmarc_fail");
  Message over = failing().signature(DkimResult::TempError, "l.example");
  CHECK(over.exception("", "l.example", "2027-06-30").outcome() == "reject dmarc_fail");
}

TEST_CASE("no temporary error is a permanent refusal, and without one nothing is put off") {
  const std::vector<std::optional<DmarcPolicy>> policies = {
      {}, DmarcPolicy::None, DmarcPolicy::Quarantine, DmarcPolicy::Reject};
  for (int bits = 0; bits < 1 << 9; ++bits) {
    const auto bit = [&](int number) { return (bits >> number & 1) != 0; };
    Message message;
    message.settings.enforce_dmarc = bit(0);
    message.settings.on_temporary_error =
        bit(1) ? OnTemporaryError::Accept : OnTemporaryError::Defer;
    message.settings.on_spf_fail = bit(2) ? policy::OnSpfFail::Reject : policy::OnSpfFail::Mark;
    if (bit(3)) message.guarded();
    if (bit(4)) message.exception("192.0.2.7", "example.org");
    if (bit(5)) message.settings.on_dmarc_reject = policy::OnDmarcReject::Quarantine;
    const bool open = bit(6);
    message.spf(open ? SpfResult::TempError : SpfResult::SoftFail, "example.org");
    message.signature(open ? DkimResult::TempError : DkimResult::Fail, "example.org");
    message.dmarc(open ? DmarcResult::TempError : DmarcResult::Fail,
                  policies[static_cast<std::size_t>(bits >> 7)]);
    if (!open && !message.verdicts.dmarc.published) message.dmarc(DmarcResult::None);
    message.verdicts.null_mx = open ? NullMx::Unknown : NullMx::No;
    const Action action = message.decide().action;
    INFO(bits);
    CHECK(action != (open ? Action::Reject : Action::Defer));
    if (bit(1)) CHECK(action != Action::Defer);
  }
}
