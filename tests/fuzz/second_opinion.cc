// SPDX-License-Identifier: Apache-2.0
// libspf2 behind its guard, over a case as spf_input.h has it: with the answers that our verdict
// needs, and with the whole zone, so that it can go ways of its own.
#include <string>

#include "auth/second_opinion/reviewer.h"
#include "base/ascii.h"
#include "fuzz/fuzz.h"
#include "fuzz/spf_input.h"
#include "support/settle.h"

namespace {

using auth::second_opinion::Outcome, auth::second_opinion::Reviewer,
    auth::second_opinion::SpfOpinion;
using fuzz::require;

void check(const SpfOpinion& opinion, const auth::SpfQuery& query) {
  require(opinion.domain == query.domain, "an opinion is about the identity");
  require(opinion.reason.empty() == (opinion.outcome != Outcome::NotAsked), "a refusal says why");
  require(std::all_of(opinion.reason.begin(), opinion.reason.end(), base::is_printable),
          "what is said is printable");
  require((opinion.ours == opinion.theirs) == (opinion.outcome != Outcome::Different),
          "both results are told");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Reviewer reviewer;
  std::string_view rest = fuzz::Input(data, size).rest();
  const auth::SpfQuery query = fuzz::take_query(rest);
  const dns::AnswerTable zone = fuzz::take_zone(rest);
  const auto evaluate = [&](dns::Lookups& lookups) { return auth::evaluate_spf(query, lookups); };
  auto answers = support::settle(zone, evaluate).answers;
  const SpfOpinion opinion = reviewer.review(query, answers);
  check(opinion, query);
  require(reviewer.review(query, answers) == opinion, "nothing is kept between two reviews");
  for (const auto& [question, answer] : zone.entries()) answers.add(question, answer);
  check(reviewer.review(query, answers), query);
  return 0;
}
