// SPDX-License-Identifier: Apache-2.0
// The state file of bans, and the bans that it makes in use.
#include <chrono>
#include <memory>

#include "fuzz/state_text.h"
#include "policy/bans.h"

namespace {

using fuzz::require;

const base::WallTime kNow = *base::parse_utc("2026-11-22T15:00:00Z");

// The times a ban is repeated are a stranger's here; those of a new one are ours.
void check_repeated(policy::Bans& bans, const base::Network& network) {
  const policy::LimitSettings settings;
  require(!bans.impose(network, policy::Limit::error_rate, "why", settings, kNow),
          "a network is banned once");
  require(bans.lift(network, kNow) && !bans.lift(network, kNow), "a ban is lifted once");
  const auto again = bans.impose(network, policy::Limit::error_rate, "why", settings, kNow);
  require(again && again->times == 1, "nothing is left of a ban that was lifted");
  const auto later = bans.impose(network, policy::Limit::error_rate, "why", settings, again->until);
  require(later && later->until - later->since == 2 * settings.ban_for, "a second one is longer");
}

void check_in_use(std::string_view text) {
  policy::Bans bans;
  bans.load(text);
  const auto list = bans.list(kNow);
  require(list.size() == bans.count(kNow), "they are counted");
  for (const policy::Ban& ban : list) {
    const auto found = bans.find(ban.network.address(), kNow);
    require(found && found->until >= ban.until, "an address in a banned network is found");
  }
  if (list.empty()) return;
  const base::Network& network = list.front().network;
  check_repeated(bans, network);
  const auto added = bans.add(network, std::chrono::hours(1), "why", kNow);
  require(!added || bans.find(network.address(), kNow).has_value(), "what was added is there");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::read_and_write(fuzz::Input(data, size).rest(),
                       [] { return std::make_unique<policy::Bans>(); });
  check_in_use(fuzz::Input(data, size).rest());
  return 0;
}
