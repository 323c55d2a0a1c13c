// SPDX-License-Identifier: Apache-2.0
// All checks of one message, as a step towards a fixed point (design section 3): verdicts when the
// answers that are there suffice, else the questions to ask before it is called again with all
// answers.
//
// A pure function: the last call can be stored, replayed and explained. Whoever calls it again and
// again bounds the rounds (kMaxRounds) and the time, and says so by the cutoff; the number of
// questions is bounded here. So it comes to an end whatever the DNS says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "auth/session_facts.h"
#include "auth/verdict.h"
#include "dns/answer_table.h"

namespace auth {

// For one message, all checks together. RFC 7208 section 4.6.4 lets one SPF record come to 111.
inline constexpr std::size_t kMaxLookups = 150;
// A round: questions that are asked at once, and all of their answers.
inline constexpr unsigned kMaxRounds = 20;
// helo is the client's own choice: while SPF of the sender's domain is open, nothing is asked for
// helo beyond so many answers, or a client could use up what the other needs to come to a fail.
inline constexpr std::size_t kHeloShare = 25;

// Why no more can be asked. What is still open then is a temperror.
enum class Cutoff : std::uint8_t { None, Rounds, Deadline, Last_ = Deadline };

// What a judgement stands on, beside the answers of the DNS.
struct Facts {
  SessionFacts session;
  Cutoff cutoff = Cutoff::None;

  bool operator==(const Facts&) const = default;
  void visit(auto& v) { v(session, cutoff); }
};

struct Need {
  std::vector<dns::Question> questions;  // one at least, each once, none answered before
};

// Never Need behind a cutoff. Where kMaxLookups answers do not suffice, SPF is a permerror. For any
// thread.
std::variant<Verdicts, Need> verify(const Facts& facts, const dns::AnswerTable& answers);

}  // namespace auth
