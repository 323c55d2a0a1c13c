// SPDX-License-Identifier: Apache-2.0
// smtp hears verify, verify or opinion hears smtp, or smtp hears opinion: by the first byte.
#include <array>

#include "fuzz/ipc_stream.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array kStates = {ipc::State::FromVerify, ipc::State::JobsFromSmtp,
                                  ipc::State::FromOpinion};
  fuzz::Input input(data, size);
  fuzz::hear(input, kStates.at(input.byte() % kStates.size()));
  return 0;
}
