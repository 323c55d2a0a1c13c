// SPDX-License-Identifier: Apache-2.0
// Judges cases of SPF (case_reader.h), for the suites and for the comparison with another
// implementation. For each case one line on standard output:
//
//   RESULT ROUNDS QUESTIONS MICROSECONDS EXPLANATION REASON
//
// Each case is evaluated with one more answer a run, with all that is asked answered in each run,
// and with all answers from the start; the verdicts must be the same.
#include <chrono>
#include <cstdio>

#include "case_reader.h"
#include "support/settle.h"

namespace {

using spf_cases::die;
using support::encode;

void judge(const auth::SpfQuery& query, const dns::AnswerTable& zone) {
  const auto evaluate = [&](dns::Lookups& lookups) { return auth::evaluate_spf(query, lookups); };
  const auto begin = std::chrono::steady_clock::now();
  const auto rounds = support::settle(zone, evaluate);
  const auto time = std::chrono::steady_clock::now() - begin;
  const auto one_by_one = support::settle(zone, evaluate, 1);
  dns::AnswerTable all = rounds.answers;
  for (const auto& [question, answer] : zone.entries()) all.add(question, answer);
  const auto at_once = support::settle(zone, evaluate, SIZE_MAX, all);
  if (!(rounds.verdict == one_by_one.verdict) || !(rounds.verdict == at_once.verdict))
    die("the verdict depends on the order of the answers: " + rounds.verdict.reason);
  if (at_once.rounds != 0) die("a question is new although all were answered");
  std::printf(
      "%s %d %zu %lld %s %s\n", name_of(rounds.verdict.result), rounds.rounds,
      rounds.answers.size(),
      static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(time).count()),
      encode(rounds.verdict.explanation).c_str(), encode(rounds.verdict.reason).c_str());
}

}  // namespace

int main() { spf_cases::for_each(judge); }
