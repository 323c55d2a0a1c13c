// SPDX-License-Identifier: Apache-2.0
// DKIM and DMARC among all checks of a message: when they ask, when the body is read, and what
// others cannot take from them.
#include <catch2/catch.hpp>
#include <string>

#include "auth/verify.h"
#include "dns/answer_text.h"
#include "support/auth_message.h"

using auth::Cutoff, auth::DkimResult, auth::DmarcResult, auth::SpfResult;
using dns::Type;

namespace {

const std::string kSigned = std::string(support::kSignedHeader) + support::kSignedBody;
const std::string kZone = support::kSignersZone;

dns::AnswerTable table(const std::string& text) {
  auto parsed = dns::from_text(text);
  REQUIRE(parsed.ok());
  return *parsed;
}

auth::Facts facts() {
  auth::Facts facts;
  facts.session.client = *base::IpAddress::parse("192.0.2.1");
  facts.session.helo = "helo.example";
  facts.session.mail_from = mail::parse_mailbox("user@other.test");
  facts.session.time = base::WallTime(std::chrono::seconds(1'700'000'000));
  return facts;
}

// Tells whether it was read.
class WatchedBody final : public auth::BodySource {
 public:
  explicit WatchedBody(std::string_view text) : text_(text) {}
  std::string_view at(std::size_t offset) override {
    read = true;
    return text_.substr(offset);
  }
  bool read = false;

 private:
  std::string_view text_;
};

std::variant<auth::Verdicts, auth::Need> run(const auth::Facts& facts,
                                             const auth::MessageParts& message,
                                             const dns::AnswerTable& answers,
                                             const auth::Asked& asked = {}) {
  return auth::verify(facts, message, answers, asked, support::auth_libraries());
}

auth::Need need(const auth::Facts& facts, const auth::MessageParts& message,
                const dns::AnswerTable& answers, const auth::Asked& asked = {}) {
  const auto result = run(facts, message, answers, asked);
  REQUIRE(std::holds_alternative<auth::Need>(result));
  return std::get<auth::Need>(result);
}

// Answers all, as the sources of the zone say.
struct Settled {
  auth::Verdicts verdicts;
  dns::AnswerTable answers;
  std::uint32_t of_message = 0;
};
Settled settle(const auth::Facts& facts, const std::string& text, const dns::AnswerTable& zone) {
  support::AuthMessage message(text);
  Settled settled;
  auth::Asked asked;
  for (;;) {
    auto result = run(facts, message.whole(), settled.answers, asked);
    if (const auto* verdicts = std::get_if<auth::Verdicts>(&result)) {
      settled.verdicts = *verdicts;
      settled.of_message = asked.of_message;
      return settled;
    }
    const auto& its = std::get<auth::Need>(result);
    REQUIRE_FALSE(its.questions.empty());
    asked.of_message += its.of_message;
    for (const dns::Question& question : its.questions) {
      const dns::Answer* answer = zone.find(question);
      settled.answers.add(question,
                          answer != nullptr ? *answer : dns::Answer::of(dns::Status::NoName));
    }
  }
}

}  // namespace

TEST_CASE("verify: what a message needs is asked when its header is there") {
  const support::AuthMessage message(kSigned);
  const auto before = need(facts(), {}, {});
  CHECK(before.of_message == 0);
  CHECK(before.questions.size() == 4);

  const auto its = need(facts(), message.header(), {});
  CHECK(its.of_sender == 2);
  CHECK(its.of_message == 4);
  CHECK(its.questions[2] == dns::Question{"e._domainkey.a.test", Type::Txt});
  CHECK(its.questions[3] == dns::Question{"r._domainkey.a.test", Type::Txt});
  CHECK(its.questions[4] == dns::Question{"_dmarc.a.test", Type::Txt});
  CHECK(its.questions[5] == dns::Question{"_dmarc.test", Type::Txt});
}

TEST_CASE("verify: before the message has come, nothing may be missing") {
  auto its = facts();
  its.sender = its.client = Cutoff::Deadline;
  CHECK(need(its, {}, {}).questions.empty());
  const support::AuthMessage message(kSigned);
  CHECK(need(its, message.header(), table(kZone)).questions ==
        std::vector<dns::Question>{{"_dmarc.test", Type::Txt}});
  CHECK(need(its, message.header(), table(kZone + "_dmarc.test TXT unknown nxdomain\n"))
            .questions.empty());
}

TEST_CASE("verify: the body is read when no answer is missing, and not before") {
  const support::AuthMessage message(kSigned);
  WatchedBody body(support::kSignedBody);
  const auth::MessageParts whole{message.header().header, &body};
  auto its = facts();
  its.client = Cutoff::Deadline;
  const std::string sender = "other.test MX unknown nxdomain\nother.test TXT unknown nxdomain\n";
  const std::string above = "_dmarc.test TXT unknown nxdomain\n";
  for (const std::string& zone : {std::string(), kZone + sender, kZone + above, sender + above}) {
    need(its, whole, table(zone));
    CHECK_FALSE(body.read);
  }
  const auto end = run(its, whole, table(kZone + sender + above));
  REQUIRE(std::holds_alternative<auth::Verdicts>(end));
  CHECK(body.read);
  const auto& verdicts = std::get<auth::Verdicts>(end);
  REQUIRE(verdicts.dkim.signatures.size() == 2);
  for (const auth::DkimVerdict& signature : verdicts.dkim.signatures) {
    CHECK(signature.result == DkimResult::Pass);
    CHECK(signature.key_security == dns::Security::Secure);
  }
  CHECK(verdicts.dmarc.result == DmarcResult::Pass);
  CHECK(verdicts.dmarc.aligned_method == "dkim");
  CHECK(verdicts.dmarc.security == dns::Security::Unknown);  // one of its two answers was
}

TEST_CASE("verify: an aligned SPF counts, open or not while the header is asked about") {
  auto its = facts();
  its.session.mail_from = mail::parse_mailbox("user@mail.a.test");
  const auto zone = table(kZone + "mail.a.test TXT unknown records \"v=spf1 +all\"\n");
  const auto settled = settle(its, "From: a@a.test\r\n\r\n", zone);
  CHECK(settled.verdicts.spf.mailfrom.result == SpfResult::Pass);
  CHECK(settled.verdicts.dkim.signatures.empty());
  CHECK(settled.verdicts.dmarc.result == DmarcResult::Pass);
  CHECK(settled.verdicts.dmarc.aligned_method == "spf");
  CHECK(settled.answers.find({"_dmarc.mail.a.test", Type::Txt}) != nullptr);
}

TEST_CASE("verify: a message that fails, and what of it is open behind a cutoff") {
  const auto failed = settle(facts(), "From: a@a.test\r\n\r\n", table(kZone));
  CHECK(failed.verdicts.dmarc.result == DmarcResult::Fail);
  CHECK(failed.verdicts.dmarc.published == auth::DmarcPolicy::Reject);

  const std::pair<Cutoff, std::string> cutoffs[] = {
      {Cutoff::Rounds, "the checks ask the DNS more than 20 times in a row"},
      {Cutoff::Deadline, "the checks were not done within auth.deadline"},
      {Cutoff::Memory, "the answers to the checks take too much memory"}};
  for (const auto& [cutoff, reason] : cutoffs) {
    auto its = facts();
    its.message = cutoff;
    const auto cut = settle(its, kSigned, {}).verdicts;
    REQUIRE(cut.dkim.signatures.size() == 2);
    CHECK(cut.dkim.signatures[0].result == DkimResult::TempError);
    CHECK(cut.dkim.signatures[0].reason.ends_with(reason));
    CHECK(cut.dmarc.result == DmarcResult::TempError);
    CHECK(cut.dmarc.reason.ends_with(reason));
    // What is there already counts.
    support::AuthMessage message(kSigned);
    its.sender = its.client = cutoff;
    const auto end = run(its, message.whole(), table(kZone));
    CHECK(std::get<auth::Verdicts>(end).dmarc.result == DmarcResult::Pass);
    CHECK(std::get<auth::Verdicts>(end).spf.mailfrom.result == SpfResult::TempError);
  }
}

TEST_CASE("verify: whatever the sender and helo ask for, the author's policy is asked for too") {
  auth::Asked asked;
  asked.lost = auth::kMaxLookups;
  const support::AuthMessage message(kSigned);
  const auto its = need(facts(), message.header(), {}, asked);
  CHECK(its.of_sender == 0);
  CHECK(its.of_message == 4);
  CHECK(its.questions.size() == 4);
  // And these do not count as theirs.
  asked = {};
  asked.lost = asked.of_message = auth::kMaxMessageLookups;
  CHECK(need(facts(), {}, {}, asked).questions.size() == 4);
}

TEST_CASE("verify: the most that a message can ask for") {
  std::string text;
  // Ten deep domains below the author's organization, and signatures that are listed but surplus.
  for (int i = 0; i < 120; ++i) {
    const std::string n = std::to_string(i);
    text += "DKIM-Signature: v=1; a=rsa-sha256; d=a.b.c.d.e.f.g.h" + n + ".a.test; s=s" + n +
            ";\r\n h=from; bh=Z54nP3j8j4uhFNsjwtzoDMd8kQg5OYJcqDAVLy8IDQg=; b=aaaa\r\n";
  }
  auto its = facts();
  its.dkim.max_signatures = auth::kMaxDkimListed;
  std::string zone =
      "_dmarc.a.test TXT unknown records \"v=DMARC1; p=none; sp=quarantine; np=reject\"\n";
  for (int i = 0; i < 120; ++i) {
    const std::string n = std::to_string(i);
    zone +=
        "s" + n + "._domainkey.a.b.c.d.e.f.g.h" + n + ".a.test TXT unknown failure \"timeout\"\n";
  }
  const auto settled = settle(its, text + "From: x@1.2.3.4.5.6.7.8.9.a.test\r\n\r\n", table(zone));
  CHECK(settled.of_message > auth::kMaxDkimListed + 50);
  CHECK(settled.of_message <= auth::kMaxMessageLookups);
  CHECK(settled.verdicts.dkim.signatures.size() == auth::kMaxDkimListed);
  CHECK(settled.verdicts.dkim.unlisted == 20);
  CHECK(settled.verdicts.dmarc.result == DmarcResult::TempError);
}

TEST_CASE("verify: signatures that fail do not change which names are asked for") {
  // Ten that may pass, and SPF: one more name than is walked.
  std::string text;
  std::string zone =
      "_dmarc.a.test TXT unknown records \"v=DMARC1; p=reject\"\n"
      "n11.a.test TXT unknown records \"v=spf1 +all\"\n";
  const auto keys = table(kZone);
  const dns::Answer key = *keys.find({"e._domainkey.a.test", Type::Txt});
  auto answers = table(zone);
  for (int i = 1; i <= 10; ++i) {
    const std::string domain = "n" + std::to_string(i) + ".a.test";
    text += "DKIM-Signature: v=1; a=ed25519-sha256; d=" + domain +
            "; s=e; h=from;\r\n bh=Z54nP3j8j4uhFNsjwtzoDMd8kQg5OYJcqDAVLy8IDQg=;\r\n"
            " b=mennRSJ4oFAkoiTEcLO7FLhw9wa+7m7CeG3aCEapnXj8MCxFKhWY2SFHZMO7\r\n"
            " mGov2dJwQ2qURO3EP3EQvbNoBA==\r\n";
    answers.add({"e._domainkey." + domain, Type::Txt}, key);
  }
  auto its = facts();
  its.session.mail_from = mail::parse_mailbox("user@n11.a.test");
  const auto settled = settle(its, text + "From: a@a.test\r\n\r\nb\r\n", answers);
  REQUIRE(settled.verdicts.dkim.signatures.size() == 10);
  for (const auto& signature : settled.verdicts.dkim.signatures)
    CHECK(signature.result == DkimResult::Fail);
  CHECK(settled.verdicts.spf.mailfrom.result == SpfResult::Pass);
  // The eleventh name is not walked, whatever became of the ten.
  CHECK(settled.answers.find({"_dmarc.n11.a.test", Type::Txt}) == nullptr);
  CHECK(settled.verdicts.dmarc.result == DmarcResult::Fail);
}
