// SPDX-License-Identifier: Apache-2.0
// The state file of networks with a good history, and the history that it makes in use.
#include <chrono>
#include <memory>

#include "fuzz/state_text.h"
#include "policy/history.h"

namespace {

using fuzz::require;

constexpr std::size_t kNetworks = 16;
const base::WallTime kNow = *base::parse_utc("2026-11-22T15:00:00Z");
const base::IpAddress kClient = *base::IpAddress::parse("192.0.2.1");

// Whatever is known by then, days that have not come included.
void check_in_use(std::string_view text) {
  policy::History history(kNetworks);
  history.load(text);
  require(history.networks() <= kNetworks, "networks are bounded");
  const policy::LimitSettings settings;
  for (std::size_t day = 0; day < policy::kGoodPasses; ++day)
    history.add_pass(kClient, settings, kNow + day * std::chrono::hours(24));
  require(history.networks() <= kNetworks, "networks are bounded");
  const auto last = kNow + (policy::kGoodPasses - 1) * std::chrono::hours(24);
  require(history.is_good(kClient, settings, last), "three passes of late are a good history");
  policy::History again(kNetworks);
  require(again.load(history.text()) == 0, "what was written is understood");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::read_and_write(fuzz::Input(data, size).rest(),
                       [] { return std::make_unique<policy::History>(kNetworks); });
  check_in_use(fuzz::Input(data, size).rest());
  return 0;
}
