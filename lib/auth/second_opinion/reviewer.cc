// SPDX-License-Identifier: Apache-2.0
#include "auth/second_opinion/reviewer.h"

#include <variant>

#include "auth/spf.h"

namespace auth::second_opinion {
namespace {

Refusal refuse(const SpfQuery& query, const SpfVerdict& ours, const dns::AnswerTable& answers,
               const dns::Lookups& lookups) {
  if (!lookups.complete()) return "the answers that our verdict needs are not there";
  const auto first = dns::Question::about(query.domain, dns::Type::Txt);
  if (!first || answers.find(*first) == nullptr) return "the identity is not the name of a domain";
  if (const Refusal refusal = refuse_query(query)) return refusal;
  return refuse_verdict(ours);
}

}  // namespace

SpfOpinion Reviewer::review(const SpfQuery& query, const dns::AnswerTable& answers) {
  dns::Lookups lookups(answers);
  const SpfVerdict ours = evaluate_spf(query, lookups);
  SpfOpinion opinion;
  opinion.domain = query.domain;
  std::variant<SpfResult, Refusal> theirs = refuse(query, ours, answers, lookups);
  if (std::get<Refusal>(theirs) == nullptr) theirs = spf2_.ask(query, answers);
  if (const Refusal* refusal = std::get_if<Refusal>(&theirs)) {
    opinion.reason = *refusal;
    return opinion;
  }
  opinion.ours = ours.result;
  opinion.theirs = std::get<SpfResult>(theirs);
  opinion.outcome = opinion.ours == opinion.theirs ? Outcome::Same : Outcome::Different;
  return opinion;
}

Opinions Reviewer::review(const Facts& facts, const dns::AnswerTable& answers) {
  return {review(mailfrom_query(facts.session), answers),
          review(helo_query(facts.session), answers)};
}

}  // namespace auth::second_opinion
