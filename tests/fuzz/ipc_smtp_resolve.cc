// SPDX-License-Identifier: Apache-2.0
// smtp hears resolve (first byte even), or resolve hears smtp (odd).
#include "fuzz/ipc_stream.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const bool to_resolve = (input.byte() & 1) != 0;
  fuzz::hear(input, to_resolve ? ipc::State::ToResolve : ipc::State::FromResolve);
  return 0;
}
