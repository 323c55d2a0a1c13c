// SPDX-License-Identifier: Apache-2.0
// Second opinions of cases of DMARC, in the form of tests/verify/dmarc/README.md, from standard
// input; a line with a dot ends each. With the answers that our verdict stands on, as in the
// server. For each case one line on standard output:
//
//   OUTCOME OURS THEIRS MICROSECONDS REASON
//
// Words are percent-encoded; "%" is the empty one.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include "auth/second_opinion/reviewer.h"
#include "support/dmarc_case.h"
#include "support/words.h"

namespace {

using auth::second_opinion::Reviewer;

void review(Reviewer& reviewer, const support::DmarcCase& one) {
  const auto settled = support::settle(one, one.identifiers);
  const auth::Verdicts verdicts = support::verdicts_of(one, settled.verdict);
  const auto begin = std::chrono::steady_clock::now();
  const auto opinion = reviewer.review_dmarc(verdicts, settled.answers);
  const auto time = std::chrono::steady_clock::now() - begin;
  std::printf(
      "%s %s %s %lld %s\n", name_of(opinion.outcome), name_of(opinion.ours).c_str(),
      name_of(opinion.theirs).c_str(),
      static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(time).count()),
      support::encode(opinion.reason).c_str());
}

}  // namespace

int main() {
  Reviewer reviewer;
  std::string text;
  for (std::string line; std::getline(std::cin, line);) {
    if (line != ".") {
      text += line + '\n';
      continue;
    }
    const support::DmarcCase one = support::parse_dmarc_case(text);
    for (const std::string& complaint : one.complaints)
      std::fprintf(stderr, "%s\n%s", complaint.c_str(), text.c_str());
    if (!one.complaints.empty()) return EXIT_FAILURE;
    review(reviewer, one);
    text.clear();
  }
}
