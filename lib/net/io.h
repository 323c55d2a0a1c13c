// SPDX-License-Identifier: Apache-2.0
// What a non-blocking read, write or handshake came to.
#pragma once

#include <cstddef>

namespace net {

struct Io {
  enum class State { Done, NeedRead, NeedWrite, Closed, Failed };
  State state = State::Done;
  std::size_t bytes = 0;  // moved, when Done

  bool done() const { return state == State::Done; }
};

}  // namespace net
