// SPDX-License-Identifier: Apache-2.0
// Who asks the DNS.
#pragma once

#include <cstdint>
#include <functional>

#include "dns/answer.h"
#include "dns/question.h"

namespace dns {

// On whose account a question is: a number for each network of clients.
using Payer = std::uint64_t;
inline constexpr Payer kNoPayer = 0;  // our own questions

class Resolver {
 public:
  using Done = std::function<void(Answer)>;

  Resolver() = default;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  virtual ~Resolver() = default;

  // Calls `done` exactly once, from the same thread, within the resolver's own deadline, and never
  // before resolve() has returned. There is no error but Status::Failure. Who may be gone by then
  // must see to it in `done`.
  virtual void resolve(const Question& question, Payer payer, Done done) = 0;
};

}  // namespace dns
