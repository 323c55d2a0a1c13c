// SPDX-License-Identifier: Apache-2.0
// The supervisor hears a role.
#include "fuzz/ipc_stream.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::hear(fuzz::Input(data, size), ipc::State::RoleStarting);
  return 0;
}
