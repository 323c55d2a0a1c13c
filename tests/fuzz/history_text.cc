// SPDX-License-Identifier: Apache-2.0
// The state file of networks with a good history.
#include <memory>

#include "fuzz/state_text.h"
#include "policy/history.h"

namespace {
constexpr std::size_t kNetworks = 16;
}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::read_and_write(fuzz::Input(data, size).rest(),
                       [] { return std::make_unique<policy::History>(kNetworks); });
  return 0;
}
