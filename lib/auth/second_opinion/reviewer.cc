// SPDX-License-Identifier: Apache-2.0
#include "auth/second_opinion/reviewer.h"

#include <variant>

#include "auth/second_opinion/dmarc_question.h"
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

template <class Judgement>
Opinion<Judgement> compared(const std::string& domain, const Judgement& ours,
                            const std::variant<Judgement, Refusal>& theirs) {
  Opinion<Judgement> opinion;
  opinion.domain = domain;
  if (const Refusal* refusal = std::get_if<Refusal>(&theirs)) {
    opinion.reason = *refusal;
    return opinion;
  }
  opinion.ours = ours;
  opinion.theirs = std::get<Judgement>(theirs);
  opinion.outcome = opinion.ours == opinion.theirs ? Outcome::Same : Outcome::Different;
  return opinion;
}

}  // namespace

SpfOpinion Reviewer::review_spf(const SpfQuery& query, const dns::AnswerTable& answers) {
  dns::Lookups lookups(answers);
  const SpfVerdict ours = evaluate_spf(query, lookups);
  std::variant<SpfResult, Refusal> theirs = refuse(query, ours, answers, lookups);
  if (std::get<Refusal>(theirs) == nullptr) theirs = spf2_.ask(query, answers);
  return compared(query.domain, ours.result, theirs);
}

DmarcOpinion Reviewer::review_dmarc(const Verdicts& verdicts,
                                    const dns::AnswerTable& answers) const {
  const auto question = question_about(verdicts, answers, suffixes_);
  std::variant<DmarcJudgement, Refusal> theirs;
  if (const Refusal* refusal = std::get_if<Refusal>(&question))
    theirs = *refusal;
  else
    theirs = ask_opendmarc(std::get<DmarcQuestion>(question));
  const DmarcVerdict& ours = verdicts.dmarc;
  return compared(ours.author_domain, DmarcJudgement{ours.result, ours.policy()}, theirs);
}

Opinions Reviewer::review(const Facts& facts, const Verdicts& verdicts,
                          const dns::AnswerTable& answers) {
  return {review_spf(mailfrom_query(facts.session), answers),
          review_spf(helo_query(facts.session), answers), review_dmarc(verdicts, answers)};
}

}  // namespace auth::second_opinion
