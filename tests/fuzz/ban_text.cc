// SPDX-License-Identifier: Apache-2.0
// The state file of bans.
#include <memory>

#include "fuzz/state_text.h"
#include "policy/bans.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::read_and_write(fuzz::Input(data, size).rest(),
                       [] { return std::make_unique<policy::Bans>(); });
  return 0;
}
