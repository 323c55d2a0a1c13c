// SPDX-License-Identifier: Apache-2.0
// What becomes of a message whose verdicts are known. Pure functions, for any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "auth/session_facts.h"
#include "auth/verdict.h"
#include "policy/settings.h"
#include "smtp/reply.h"

namespace policy {

enum class Action : std::uint8_t { Deliver, Quarantine, Reject, Defer };

const char* name_of(Action action);  // "deliver"

// What a rule is about.
enum class Check : std::uint8_t { None, Author, NullMx, Spf, Spoofing, Dmarc };

struct Disposition {
  Action action = Action::Deliver;
  std::optional<smtp::Reply> refusal;  // what the peer reads; exactly with Reject and Defer
  std::string detail;                  // to the rule, for the log; never for the peer
  Check check = Check::None;           // of the rule that decided; none with Deliver
  // Why DMARC did not decide although it would have: the exception. With Deliver only.
  std::string exception;
};

// Verdicts that no rule acts on are only recorded.
Disposition decide(const auth::SessionFacts& facts, const auth::Verdicts& verdicts,
                   const AuthSettings& settings);

}  // namespace policy
