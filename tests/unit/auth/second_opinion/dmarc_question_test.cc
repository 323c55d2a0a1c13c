// SPDX-License-Identifier: Apache-2.0
// What libopendmarc is asked, and what it says.
#include "auth/second_opinion/dmarc_question.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "auth/second_opinion/dmarc_guard.h"
#include "auth/second_opinion/reviewer.h"
#include "support/dmarc_case.h"

using auth::DmarcPolicy, auth::DmarcResult;
using Catch::Matchers::Contains;
using namespace auth::second_opinion;

namespace {

struct Judged {
  auth::Verdicts verdicts;
  dns::AnswerTable answers;
};

// A case in the form of tests/verify/dmarc/README.md, From ann@news.example.org unless it has one.
Judged judge(std::string text) {
  if (text.find("header ") == std::string::npos)
    text += "header From: Ann <ann@news.example.org>\n";
  const auto one = support::parse_dmarc_case(text);
  REQUIRE(one.complaints == std::vector<std::string>());
  auto settled = support::settle(one, one.identifiers);
  return {support::verdicts_of(one, settled.verdict), std::move(settled.answers)};
}

std::variant<DmarcQuestion, Refusal> question(const Judged& judged) {
  static const auth::PublicSuffixes suffixes;
  return question_about(judged.verdicts, judged.answers, suffixes);
}

DmarcQuestion asked(const std::string& text) {
  const auto result = question(judge(text));
  if (const Refusal* refusal = std::get_if<Refusal>(&result)) FAIL(*refusal);
  return std::get<DmarcQuestion>(result);
}

void check_not_asked(const Judged& judged, const std::string& reason) {
  const auto result = question(judged);
  REQUIRE(std::holds_alternative<Refusal>(result));
  CHECK_THAT(std::get<Refusal>(result), Contains(reason));
}
void check_not_asked(const std::string& text, const std::string& reason) {
  INFO(text);
  check_not_asked(judge(text), reason);
}

const std::string kOfOrganization = "zone _dmarc.example.org. TXT \"v=DMARC1; p=reject\"\n";
const std::string kOwn = "zone _dmarc.news.example.org. TXT \"v=DMARC1; p=none\"\n";

}  // namespace

TEST_CASE("libopendmarc is told the record, whose it is, and what has passed") {
  const auto own = asked(kOfOrganization + kOwn +
                         "dkim pass example.org\ndkim fail news.example.org\n"
                         "dkim pass EXAMPLE.net\ndkim pass no..name\nspf pass example.com\n");
  CHECK(own.author == "news.example.org");
  CHECK(own.record == "v=DMARC1; p=none");
  CHECK(own.organization.empty());
  CHECK(own.dkim == std::vector<std::string>{"example.org", "example.net"});
  CHECK(own.spf == "example.com");

  const auto above = asked(kOfOrganization + "spf fail example.org\n");
  CHECK(above.record == "v=DMARC1; p=reject");
  CHECK(above.organization == "example.org");
  CHECK(above.dkim.empty());
  CHECK_FALSE(above.spf);

  CHECK_FALSE(asked("zone _dmarc.example.org. TXT \"other\"\ndkim pass news.example.org\n").record);
}

TEST_CASE("an underscore is a letter of signers") {
  const auto question = asked(kOfOrganization +
                              "dkim pass a_b.example.org\nspf pass c_d.example.org\n"
                              "header From: ann@example.org\n");
  CHECK(question.dkim == std::vector<std::string>{"a_b.example.org"});
  CHECK_FALSE(question.spf);
}

TEST_CASE("where the DNS did not answer, libopendmarc is not asked") {
  const std::string dead_top = "dead _dmarc.org TXT time-out\n";
  check_not_asked(kOwn + dead_top + "dkim pass news.example.org\n", "has no answer");
  check_not_asked(dead_top + "dead _dmarc.news.example.org TXT time-out\n", "temporary");
  Judged judged = judge(kOwn);
  judged.answers = {};
  check_not_asked(judged, "are not there");
  // The walk of an identifier alone.
  judged = judge(kOfOrganization);
  auto& signature = judged.verdicts.dkim.signatures.emplace_back();
  signature.result = auth::DkimResult::Pass;
  signature.domain = "mail.news.example.org";
  check_not_asked(judged, "are not there");
  signature.domain = "news.example.org";
  CHECK(std::holds_alternative<DmarcQuestion>(question(judged)));
}

TEST_CASE("where RFC 7489 finds another record, libopendmarc is not asked") {
  check_not_asked(
      "zone _dmarc.a.b.example.org. TXT \"v=DMARC1; p=none\"\n"
      "zone _dmarc.b.example.org. TXT \"v=DMARC1; p=none; psd=n\"\n"
      "header From: a@c.b.example.org\n",
      "elsewhere");
  check_not_asked("zone _dmarc.org. TXT \"v=DMARC1; p=reject; psd=y\"\n", "elsewhere");
  check_not_asked("zone _dmarc.org. TXT \"v=DMARC1; p=reject\"\n", "elsewhere");
  check_not_asked(kOfOrganization + kOwn + kOwn, "stops");
  check_not_asked(
      kOfOrganization + "zone _dmarc.news.example.org. TXT \"v=DMARC1; p=none; p=none\"\n",
      "stops");
}

TEST_CASE("where RFC 7489 aligns otherwise, libopendmarc is not asked") {
  // By the walk news.example.org is an organization of its own.
  check_not_asked(kOwn + "dkim pass example.org\n", "another organizational domain");
  CHECK(asked(kOwn + "dkim pass example.org\ndkim pass news.example.org\n").dkim.size() == 2);
  check_not_asked(
      "zone _dmarc.co.uk. TXT \"v=DMARC1; p=reject\"\n"
      "zone _dmarc.a.co.uk. TXT \"v=DMARC1; p=reject; psd=u\"\n"
      "dkim pass mail.a.co.uk\nheader From: a@aa.mail.a.co.uk\n",
      "elsewhere");
}

TEST_CASE("what libopendmarc is known to align wrongly it is not asked about") {
  check_not_asked(kOfOrganization + "dkim pass mail.example.org\n", "nothing else");
  check_not_asked(kOfOrganization + "spf pass org\n", "nothing else");
  const std::string of_x = "zone _dmarc.x.org. TXT \"v=DMARC1; p=reject\"\n";
  check_not_asked(of_x + "dkim pass evil.org\nheader From: a@x.org\n", "one letter");
  check_not_asked(
      "zone _dmarc.a.example.org. TXT \"v=DMARC1; p=reject; aspf=s\"\n"
      "spf pass b.example.org\nheader From: a@a.example.org\n",
      "one letter");
  // Nor does it matter where another is certain to pass, or where it gets nothing wrong.
  asked(kOfOrganization + "dkim pass mail.example.org\ndkim pass example.org\n");
  asked(of_x + "dkim pass evil.org\nspf pass x.org\nheader From: a@x.org\n");
  asked(kOfOrganization + "dkim pass e.example.org\nheader From: a@example.org\n");
  // That is what it does.
  CHECK(ask_opendmarc({"x.org", "v=DMARC1; p=reject", "", {"evil.org"}, {}}).result ==
        DmarcResult::Pass);
  CHECK(
      ask_opendmarc({"news.example.org", "v=DMARC1; p=reject", "example.org", {}, "org"}).result ==
      DmarcResult::Pass);
  CHECK(ask_opendmarc({"news.example.org", "v=DMARC1; p=reject", "", {"mail.example.org"}, {}})
            .result == DmarcResult::Fail);
}

TEST_CASE("the names that libopendmarc is given") {
  check_not_asked(kOwn + "dkim pass b\\xc3\\xbccher.example\n", "A-labels");
  Judged judged = judge(kOwn);
  auto& signatures = judged.verdicts.dkim.signatures;
  signatures.resize(kMaxPassed);
  for (auto& signature : signatures) {
    signature.result = auth::DkimResult::Pass;
    signature.domain = "example.net";
  }
  CHECK(std::holds_alternative<DmarcQuestion>(question(judged)));
  signatures.push_back(signatures.front());
  check_not_asked(judged, "too much");
  check_not_asked("header Subject: no author\n", "author");
  judged.verdicts.dmarc = {};
  check_not_asked(judged, "author");
}

TEST_CASE("what libopendmarc makes of records") {
  const auto ask = [](const char* rest, const char* organization) {
    return ask_opendmarc({"news.example.org",
                          std::string("v=DMARC1; p=reject") + rest,
                          organization,
                          {"aa.news.example.org"},
                          {}});
  };
  const DmarcJudgement pass{DmarcResult::Pass, DmarcPolicy::Reject};
  CHECK(ask("", "") == pass);
  CHECK(ask("; adkim=s", "") == DmarcJudgement{DmarcResult::Fail, DmarcPolicy::Reject});
  CHECK(ask("; adkim=s; sp=none", "example.org") ==
        DmarcJudgement{DmarcResult::Fail, DmarcPolicy::None});
  CHECK(ask("; sp=quarantine", "example.org") ==
        DmarcJudgement{DmarcResult::Pass, DmarcPolicy::Quarantine});
  CHECK(ask("; sp=quarantine", "") == pass);
  CHECK(ask("; pct=500", "") == DmarcJudgement{DmarcResult::PermError, {}});
  CHECK(ask_opendmarc({"example.org", {}, "", {"example.org"}, {}}) == DmarcJudgement{});
}

TEST_CASE("a disagreement with libopendmarc is told with both judgements") {
  Judged judged = judge(kOfOrganization + "dkim pass example.org\n");
  Reviewer reviewer;
  CHECK(reviewer.review_dmarc(judged.verdicts, judged.answers).outcome == Outcome::Same);
  judged.verdicts.dmarc.result = DmarcResult::Fail;
  auto opinion = reviewer.review_dmarc(judged.verdicts, judged.answers);
  CHECK(opinion.outcome == Outcome::Different);
  CHECK(opinion.domain == "news.example.org");
  CHECK(opinion.ours == DmarcJudgement{DmarcResult::Fail, DmarcPolicy::Reject});
  CHECK(opinion.theirs == DmarcJudgement{DmarcResult::Pass, DmarcPolicy::Reject});
  judged.verdicts.dmarc.result = DmarcResult::Pass;
  judged.verdicts.dmarc.published = DmarcPolicy::None;
  CHECK(reviewer.review_dmarc(judged.verdicts, judged.answers).outcome == Outcome::Different);
  // Not even the record is one.
  judged.verdicts.dmarc = {};
  judged.verdicts.dmarc.author_domain = "news.example.org";
  opinion = reviewer.review_dmarc(judged.verdicts, judged.answers);
  CHECK(opinion.outcome == Outcome::Different);
  CHECK(opinion.ours == DmarcJudgement{});
}
