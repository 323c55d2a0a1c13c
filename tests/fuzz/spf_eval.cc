// SPDX-License-Identifier: Apache-2.0
// A whole evaluation. First byte: choices. Then lines: client, HELO, local-part, domain, and
// answers as lib/dns/answer_text.h has them, of which those that are none are passed over.
#include "auth/spf_eval.h"

#include <string>

#include "base/ascii.h"
#include "dns/answer_text.h"
#include "fuzz/fuzz.h"
#include "support/settle.h"

namespace {

using fuzz::require;

// The record itself, ten includes or redirects, an exp=; names and hosts of the client for %{p}.
constexpr int kMostRounds = 16;
// What one message may cost; a record that follows the limits never gets there.
constexpr std::size_t kMostQuestions = 150;

std::string_view take_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  return line;
}

auth::SpfQuery take_query(std::string_view& rest) {
  auth::SpfQuery query;
  query.client = base::IpAddress::parse(take_line(rest)).value_or(base::IpAddress());
  query.helo = take_line(rest);
  query.local_part = take_line(rest);
  query.domain = query.sender_domain = take_line(rest);
  query.receiver = "mx.ours.test";
  return query;
}

dns::AnswerTable take_zone(std::string_view rest) {
  dns::AnswerTable zone;
  while (!rest.empty()) {
    const auto line = dns::from_text(take_line(rest));
    if (!line) continue;
    for (const auto& [question, answer] : line->entries()) zone.add(question, answer);
  }
  return zone;
}

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
  auth::SpfQuery query = take_query(rest);
  query.explain = (choices & 1) != 0;
  const dns::AnswerTable zone = take_zone(rest);
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
