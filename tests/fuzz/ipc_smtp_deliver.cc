// SPDX-License-Identifier: Apache-2.0
// smtp hears deliver (first byte even), or deliver hears smtp (odd).
#include "fuzz/ipc_stream.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const bool to_deliver = (input.byte() & 1) != 0;
  fuzz::hear(input, to_deliver ? ipc::State::FromSmtp : ipc::State::FromDeliver);
  return 0;
}
