// SPDX-License-Identifier: Apache-2.0
// Who gives way when most of the places are taken that there are for all clients. To hold one costs
// a stranger next to nothing: while there is room a session may stand still for as long as the
// settings of [smtp] say, and then it may not. A value without a clock.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "policy/limit.h"
#include "smtp/session.h"

namespace policy {

struct Crowd {
  bool connections = false;
  bool handshakes = false;
  bool memory = false;

  // So many are in use, of so many that may be.
  void add_connections(std::size_t used, std::size_t most);
  void add_handshakes(std::size_t used, std::size_t most);
  // Bytes, for the sessions and messages of all.
  void add_memory(std::uint64_t used, std::uint64_t most);
  // New sessions are refused for this limit.
  void add_shedding(Limit limit);
  bool any() const { return connections || handshakes || memory; }
  // Whether a session that has stood still for so long is to end.
  bool presses(smtp::Standstill::At at, base::Duration stood) const;
};

}  // namespace policy
