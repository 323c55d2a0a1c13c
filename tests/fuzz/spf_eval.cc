// SPDX-License-Identifier: Apache-2.0
// A whole evaluation. First byte: choices. Then a case as spf_input.h has it.
#include "auth/spf_eval.h"

#include <string>

#include "base/ascii.h"
#include "fuzz/fuzz.h"
#include "fuzz/spf_input.h"
#include "support/settle.h"

namespace {

using fuzz::require;

// The record itself, ten includes or redirects, an exp=; names and hosts of the client for %{p}.
constexpr int kMostRounds = 16;
// What one message may cost; a record that follows the limits never gets there.
constexpr std::size_t kMostQuestions = 150;

void check_verdict(const auth::SpfVerdict& verdict) {
  for (const std::string& text :
       {verdict.reason, verdict.section, verdict.mechanism, verdict.explanation})
    require(std::all_of(text.begin(), text.end(), base::is_printable), "what is said is printable");
  require(!verdict.reason.empty() && !verdict.section.empty(), "a verdict has a reason");
  require(verdict.reason.size() < 2000, "a reason is short");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t choices = input.byte();
  std::string_view rest = input.rest();
  auth::SpfQuery query = fuzz::take_query(rest);
  query.explain = (choices & 1) != 0;
  const dns::AnswerTable zone = fuzz::take_zone(rest);
  const auto evaluate = [&](dns::Lookups& lookups) { return auth::evaluate_spf(query, lookups); };

  const auto settled = support::settle(zone, evaluate);
  check_verdict(settled.verdict);
  require(settled.rounds <= kMostRounds, "the rounds are bounded");
  require(settled.answers.size() <= kMostQuestions, "the questions are bounded");
  const std::size_t few = std::size_t{choices} >> 1;
  require(support::settle(zone, evaluate, few % 5 + 1).verdict == settled.verdict,
          "the order of the answers does not matter");
  require(support::settle(zone, evaluate, 1, settled.answers).rounds == 0,
          "what was answered is not asked again");
  return 0;
}
