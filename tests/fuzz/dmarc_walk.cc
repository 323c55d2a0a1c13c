// SPDX-License-Identifier: Apache-2.0
// A whole evaluation. First byte: choices. The rest is a case as tests/verify/dmarc/README.md has
// them; lines that are none are passed over, and what is expected is not looked at.
#include "auth/dmarc.h"

#include <string>

#include "base/ascii.h"
#include "dns/name.h"
#include "fuzz/fuzz.h"
#include "support/dmarc_case.h"

namespace {

using auth::DmarcIdentifier, auth::DmarcResult, auth::DmarcVerdict;
using fuzz::require;
using support::settle, support::SettledDmarc;

void check_verdict(const DmarcVerdict& verdict) {
  for (const std::string& text : {verdict.reason, verdict.section}) {
    require(std::all_of(text.begin(), text.end(), base::is_printable), "what is said is printable");
    require(!text.empty() && text.size() < 2000, "a verdict has a reason, and a short one");
  }
  require((verdict.result == DmarcResult::PermError) == (verdict.fault != auth::AuthorFault::None),
          "a permerror is a fault of From");
  require(verdict.author_domain.empty() == (verdict.fault != auth::AuthorFault::None),
          "there is an author domain, or a fault");
  require((verdict.result == DmarcResult::Pass) == !verdict.aligned_domain.empty(),
          "a pass is somebody's");
  for (const std::string& above : {verdict.organizational_domain, verdict.policy_domain}) {
    require(above.empty() || dns::is_at_or_below(verdict.author_domain, above),
            "what applies stands at the author domain or above");
  }
}

// A pass belongs to one that has passed, and both are below the same name which is no top label.
void check_pass(const DmarcVerdict& verdict, const support::DmarcCase& one) {
  const bool somebody_passed = std::any_of(
      one.identifiers.begin(), one.identifiers.end(),
      [](const auto& identifier) { return identifier.state == DmarcIdentifier::State::Passed; });
  require(somebody_passed, "nothing passes where nothing has passed");
  require(verdict.organizational_domain.empty() ||
              verdict.aligned_domain == verdict.author_domain ||
              dns::is_at_or_below(verdict.aligned_domain, verdict.organizational_domain),
          "who is aligned stands below the organizational domain");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t few = input.byte() % 5 + 1;
  const support::DmarcCase one = support::parse_dmarc_case(input.rest());

  const SettledDmarc settled = settle(one, one.identifiers);
  check_verdict(settled.verdict);
  if (settled.verdict.result == DmarcResult::Pass) check_pass(settled.verdict, one);
  require(settled.rounds <= 2, "the rounds are bounded");
  require(settled.answers.size() <= auth::kMaxDmarcQuestions, "the questions are bounded");
  const SettledDmarc slowly = settle(one, one.identifiers, few);
  require(slowly.verdict == settled.verdict, "the order of the answers does not matter");
  require(slowly.answers.size() <= auth::kMaxDmarcQuestions, "the questions are bounded");
  require(settle(one, one.identifiers, 1, settled.answers).rounds == 0,
          "what was answered is not asked again");

  auto open = one.identifiers;
  for (DmarcIdentifier& identifier : open) identifier.state = DmarcIdentifier::State::Open;
  const SettledDmarc ahead = settle(one, open);
  require(ahead.verdict.result != DmarcResult::Pass, "what is open passes nothing");
  if (open.size() <= auth::kMaxDmarcIdentifiers) {
    require(settle(one, one.identifiers, 1, ahead.answers).rounds == 0,
            "a prefetch asks for all that the judgement needs");
  }
  return 0;
}
