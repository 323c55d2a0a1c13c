// SPDX-License-Identifier: Apache-2.0
#include "policy/crowding.h"

#include <array>
#include <chrono>

namespace policy {
namespace {

using At = smtp::Standstill::At;

struct Patience {
  At at;
  std::chrono::seconds time;
};

// In the order of the enumeration. Each is many times what a mail server needs on a slow line.
constexpr std::array kPatience = std::to_array<Patience>({
    {At::Handshake, std::chrono::seconds(3)},  // two or three round trips
    {At::Beginning, std::chrono::seconds(5)},
    {At::Idle, std::chrono::seconds(10)},
    {At::Transaction, std::chrono::seconds(30)},  // its message may wait for a filter, or be lost
});

constexpr std::chrono::seconds kPatienceForMemory{10};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kPatience.size(); ++i)
    if (static_cast<std::size_t>(kPatience[i].at) != i) return false;
  return true;
}
static_assert(in_order());

}  // namespace

// Three quarters.
void Crowd::add_connections(std::size_t used, std::size_t most) {
  connections = connections || 4 * used >= 3 * most;
}

// More than half: they come and go within a second where nobody means harm.
void Crowd::add_handshakes(std::size_t used, std::size_t most) {
  handshakes = handshakes || 2 * used > most;
}

// Half: at three quarters new sessions are refused (Shedding).
void Crowd::add_memory(std::uint64_t used, std::uint64_t most) {
  memory = memory || used >= most / 2;
}

// Of these two, sessions that end give something back.
void Crowd::add_shedding(Limit limit) {
  connections = connections || limit == Limit::descriptors || limit == Limit::memory;
}

bool Crowd::presses(At at, base::Duration stood) const {
  const bool concerned = connections || memory || (handshakes && at == At::Handshake);
  // What comes of a message is what takes memory.
  const auto patience = memory && at == At::Transaction
                            ? kPatienceForMemory
                            : kPatience.at(static_cast<std::size_t>(at)).time;
  return concerned && stood >= patience;
}

}  // namespace policy
