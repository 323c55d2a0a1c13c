// SPDX-License-Identifier: Apache-2.0
// Second opinions of cases of SPF (case_reader.h), with the answers that our verdict stands on, as
// in the server. For each case one line on standard output:
//
//   OUTCOME OURS THEIRS MICROSECONDS REASON
#include <chrono>
#include <cstdio>

#include "auth/second_opinion/reviewer.h"
#include "case_reader.h"
#include "support/settle.h"

namespace {

using auth::second_opinion::Reviewer;

void review(Reviewer& reviewer, const auth::SpfQuery& query, const dns::AnswerTable& zone) {
  const auto evaluate = [&](dns::Lookups& lookups) { return auth::evaluate_spf(query, lookups); };
  const auto answers = support::settle(zone, evaluate).answers;
  const auto begin = std::chrono::steady_clock::now();
  const auto opinion = reviewer.review_spf(query, answers);
  const auto time = std::chrono::steady_clock::now() - begin;
  std::printf(
      "%s %s %s %lld %s\n", name_of(opinion.outcome), name_of(opinion.ours),
      name_of(opinion.theirs),
      static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(time).count()),
      support::encode(opinion.reason).c_str());
}

}  // namespace

int main() {
  Reviewer reviewer;
  spf_cases::for_each([&](const auto& query, const auto& zone) {
    auth::SpfQuery plain = query;
    plain.explain = false;
    review(reviewer, plain, zone);
  });
}
