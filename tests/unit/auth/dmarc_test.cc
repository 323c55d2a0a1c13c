// SPDX-License-Identifier: Apache-2.0
// The rules are tested by tests/verify/dmarc; here rounds and limits.
#include "auth/dmarc.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "dns/answer_text.h"
#include "support/settle.h"

namespace {

using auth::DmarcIdentifier, auth::DmarcPolicy, auth::DmarcResult;
using Method = DmarcIdentifier::Method;
using State = DmarcIdentifier::State;
using Identifiers = std::vector<DmarcIdentifier>;

support::Settled<auth::DmarcVerdict> settle(const std::string& zone, const std::string& author,
                                            const Identifiers& identifiers,
                                            dns::AnswerTable answers = {}) {
  static const auth::PublicSuffixes suffixes;
  const auto table = dns::from_text(zone);
  REQUIRE(table.ok());
  const auto evaluate = [&](dns::Lookups& lookups) {
    return auth::evaluate_dmarc({{}, author, {}}, identifiers, suffixes, lookups);
  };
  return support::settle(*table, evaluate, SIZE_MAX, std::move(answers));
}

std::string txt(const std::string& domain, const std::string& tags) {
  return "_dmarc." + domain + " TXT unknown records \"v=DMARC1;" + tags + "\"\n";
}

DmarcIdentifier dkim(const std::string& domain, State state = State::Passed) {
  return {Method::Dkim, state, domain};
}

// Each has its own eight names.
Identifiers long_names(int count, const std::string& below) {
  Identifiers identifiers;
  for (int i = 0; i < count; ++i)
    identifiers.push_back(dkim("a.b.c.d.e.f.s" + std::to_string(i) + '.' + below));
  return identifiers;
}

}  // namespace

TEST_CASE("DMARC: what belongs together is asked at once") {
  const auto settled = settle(txt("example.org", "p=reject"), "news.example.org",
                              {dkim("esp.example"), dkim("mail.example.org")});
  CHECK(settled.verdict.result == DmarcResult::Pass);
  CHECK(settled.rounds == 1);
  CHECK(settled.answers.size() == 4);  // esp.example cannot be aligned
}

TEST_CASE("DMARC: a prefetch asks all that the judgement needs") {
  const std::string zone = txt("example.org", "p=none;np=reject") + txt("b.example.org", "psd=n");
  const auto ahead = settle(zone, "news.example.org",
                            {dkim("a.example.org", State::Open), dkim("b.example.org", State::Open),
                             dkim("example.org", State::Open)});
  CHECK(ahead.verdict.result == DmarcResult::TempError);
  CHECK(ahead.verdict.reason == "DKIM of a.example.org could not be checked");
  CHECK(ahead.rounds == 2);  // the second asks whether the author domain exists
  const auto judged = settle(zone, "news.example.org",
                             {dkim("a.example.org", State::Failed), dkim("b.example.org"),
                              dkim("example.org", State::Failed)},
                             ahead.answers);
  CHECK(judged.rounds == 0);
  CHECK(judged.verdict.result == DmarcResult::Fail);
  CHECK(judged.verdict.published == DmarcPolicy::Reject);
  CHECK(judged.verdict.tag == auth::DmarcTag::Np);
}

TEST_CASE("DMARC: at most ten identifiers are walked, and the questions are bounded") {
  // Those that are asked ahead are others than those that are walked, and these lead elsewhere.
  const std::string author = "1.2.3.4.5.6.x.example.org";
  std::string zone = txt("x.example.org", "p=reject;psd=n");
  for (int i = 0; i < 10; ++i)
    zone += txt('s' + std::to_string(i) + ".x.example.org", "p=none;psd=n");
  Identifiers identifiers = long_names(10, "example.org");
  for (const auto& one : long_names(10, "x.example.org")) identifiers.push_back(one);
  identifiers.push_back(dkim("y.x.example.org"));
  const auto settled = settle(zone, author, identifiers);
  CHECK(settled.verdict.result == DmarcResult::Fail);
  CHECK(settled.rounds == 2);
  CHECK(settled.answers.size() <= auth::kMaxDmarcQuestions);
  CHECK(settled.answers.size() > 80);

  identifiers.push_back(dkim(author));
  CHECK(settle(zone, author, identifiers).verdict.result == DmarcResult::Pass);
  identifiers = long_names(9, "x.example.org");
  identifiers.push_back(dkim("y.x.example.org"));
  CHECK(settle(zone, author, identifiers).verdict.result == DmarcResult::Pass);
}

TEST_CASE("DMARC: an identifier is walked once, however often it comes") {
  Identifiers identifiers(1000, dkim("evil.x.example.org"));
  identifiers.push_back(dkim("y.example.org"));
  const std::string zone = txt("example.org", "p=reject") + txt("x.example.org", "p=none;psd=n");
  const auto settled = settle(zone, "example.org", identifiers);
  CHECK(settled.verdict.result == DmarcResult::Pass);
  CHECK(settled.verdict.aligned_domain == "y.example.org");
  CHECK(settled.answers.size() == 5);
}

TEST_CASE("DMARC: what SPF found becomes an identifier") {
  auth::SpfVerdict spf;
  spf.domain = "example.org";
  for (int i = 0; i <= static_cast<int>(auth::SpfResult::Last_); ++i) {
    spf.result = static_cast<auth::SpfResult>(i);
    const State state = spf.result == auth::SpfResult::Pass        ? State::Passed
                        : spf.result == auth::SpfResult::TempError ? State::Open
                                                                   : State::Failed;
    CHECK(auth::identifier_of(spf).state == state);
  }
  CHECK(auth::identifier_of(spf).method == Method::Spf);
  CHECK(auth::identifier_of(spf).domain == "example.org");
}

TEST_CASE("DMARC: a domain in test mode asks for one step less") {
  auth::DmarcVerdict verdict;
  CHECK_FALSE(verdict.policy());
  verdict.testing = true;
  CHECK_FALSE(verdict.policy());
  for (const auto& [published, policy] : {std::pair(DmarcPolicy::Reject, DmarcPolicy::Quarantine),
                                          std::pair(DmarcPolicy::Quarantine, DmarcPolicy::None),
                                          std::pair(DmarcPolicy::None, DmarcPolicy::None)}) {
    verdict.published = published;
    CHECK(verdict.policy() == policy);
  }
}
