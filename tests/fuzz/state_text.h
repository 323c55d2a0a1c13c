// SPDX-License-Identifier: Apache-2.0
// What holds for each thing of lib/policy that is kept as text: one that read anything writes what
// it reads again whole.
#pragma once

#include "fuzz/fuzz.h"

namespace fuzz {

// `make()` gives an empty one, in a pointer.
template <class Make>
void read_and_write(std::string_view text, Make make) {
  const auto first = make();
  first->load(text);
  const std::string written = first->text();
  const auto second = make();
  require(second->load(written) == 0, "what was written is understood");
  require(second->text() == written, "what was written is the same when it was read");
}

}  // namespace fuzz
