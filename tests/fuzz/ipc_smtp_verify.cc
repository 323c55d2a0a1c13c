// SPDX-License-Identifier: Apache-2.0
// smtp hears verify (first byte even), or verify hears smtp (odd).
#include "fuzz/ipc_stream.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const bool to_verify = (input.byte() & 1) != 0;
  fuzz::hear(input, to_verify ? ipc::State::JobsFromSmtp : ipc::State::FromVerify);
  return 0;
}
