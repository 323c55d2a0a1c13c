// SPDX-License-Identifier: Apache-2.0
// A role hears the supervisor.
#include "fuzz/ipc_stream.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::hear(fuzz::Input(data, size), ipc::State::AwaitWelcome);
  return 0;
}
