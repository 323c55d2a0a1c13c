// SPDX-License-Identifier: Apache-2.0
// The libraries of the second opinions behind their guards, over a case: of DMARC, in the form of
// tests/verify/dmarc/README.md, when it begins with '#'; else of SPF, as spf_input.h has it. With
// the answers that our verdict needs, and with more, so that a library can go ways of its own.
#include <string>

#include "auth/second_opinion/reviewer.h"
#include "base/ascii.h"
#include "fuzz/fuzz.h"
#include "fuzz/spf_input.h"
#include "support/dmarc_case.h"
#include "support/settle.h"

namespace {

using auth::second_opinion::Opinion, auth::second_opinion::Outcome, auth::second_opinion::Reviewer;
using fuzz::require;

template <class Judgement>
void check(const Opinion<Judgement>& opinion, const std::string& domain) {
  require(opinion.domain == domain, "an opinion is about the identity");
  require(opinion.reason.empty() == (opinion.outcome != Outcome::NotAsked), "a refusal says why");
  require(std::all_of(opinion.reason.begin(), opinion.reason.end(), base::is_printable),
          "what is said is printable");
  require((opinion.ours == opinion.theirs) == (opinion.outcome != Outcome::Different),
          "both results are told");
}

void review_spf(Reviewer& reviewer, std::string_view text) {
  const auth::SpfQuery query = fuzz::take_query(text);
  const dns::AnswerTable zone = fuzz::take_zone(text);
  const auto evaluate = [&](dns::Lookups& lookups) { return auth::evaluate_spf(query, lookups); };
  auto answers = support::settle(zone, evaluate).answers;
  const auto opinion = reviewer.review_spf(query, answers);
  check(opinion, query.domain);
  require(reviewer.review_spf(query, answers) == opinion, "nothing is kept between two reviews");
  for (const auto& [question, answer] : zone.entries()) answers.add(question, answer);
  check(reviewer.review_spf(query, answers), query.domain);
}

// Where libopendmarc is asked there is no known disagreement, so each is a finding.
void review_dmarc(Reviewer& reviewer, std::string_view text) {
  const support::DmarcCase one = support::parse_dmarc_case(text);
  const auto settled = support::settle(one, one.identifiers);
  auth::Verdicts verdicts = support::verdicts_of(one, settled.verdict);
  const auto opinion = reviewer.review_dmarc(verdicts, settled.answers);
  check(opinion, settled.verdict.author_domain);
  require(opinion.outcome != Outcome::Different, "libopendmarc judges as we do");
  // Verdicts that stand on other answers, or on none.
  for (auth::DkimVerdict& signature : verdicts.dkim.signatures)
    signature.result = auth::DkimResult::Pass;
  check(reviewer.review_dmarc(verdicts, settled.answers), settled.verdict.author_domain);
  verdicts.dmarc = {};
  verdicts.dmarc.author_domain = settled.verdict.author_domain;
  check(reviewer.review_dmarc(verdicts, settled.answers), settled.verdict.author_domain);
  check(reviewer.review_dmarc(verdicts, {}), settled.verdict.author_domain);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Reviewer reviewer;
  const std::string_view text = fuzz::Input(data, size).rest();
  if (text.starts_with('#'))
    review_dmarc(reviewer, text);
  else
    review_spf(reviewer, text);
  return 0;
}
