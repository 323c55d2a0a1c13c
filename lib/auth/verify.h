// SPDX-License-Identifier: Apache-2.0
// All checks of one message, as a step towards a fixed point (design section 3): verdicts when the
// answers that are there suffice, else the questions to ask before it is called again with all
// answers. The next call need not wait for all of them: when those of the sender's domain are
// answered, the others may still be open, and the call is told which are.
//
// A pure function: the last call can be stored, replayed and explained. Whoever calls it again and
// again bounds the rounds (kMaxRounds), the time and the memory, and says so by the cutoffs; the
// number of questions is bounded here. So it comes to an end whatever the DNS says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <variant>
#include <vector>

#include "auth/session_facts.h"
#include "auth/verdict.h"
#include "dns/answer_table.h"

namespace auth {

// For one message, all checks together. RFC 7208 section 4.6.4 lets one SPF record come to 111.
inline constexpr std::size_t kMaxLookups = 150;
// A round: questions that are asked at once, and the answers that the next one needs. One SPF
// record comes to some 14. The rounds in which the sender's domain waits are counted apart from
// those of the client alone.
inline constexpr unsigned kMaxRounds = 20;
// helo is the client's own choice: while the sender's domain is open, nothing is asked for helo
// beyond so many questions, or a client could use up what the other needs to come to a fail.
inline constexpr std::size_t kHeloShare = 25;

// Why no more can be asked. What is still open then is a temperror.
enum class Cutoff : std::uint8_t { None, Rounds, Deadline, Memory, Last_ = Memory };

// What a judgement stands on, beside the answers of the DNS.
struct Facts {
  SessionFacts session;
  Cutoff sender = Cutoff::None;  // null MX and SPF of the sender's domain
  Cutoff client = Cutoff::None;  // helo and iprev: nobody but the client chooses what they ask

  bool operator==(const Facts&) const = default;
  void visit(auto& v) { v(session, sender, client); }
};

// What was asked before, beside the questions that have answers.
struct Asked {
  std::set<dns::Question> open;  // no answer has come yet
  std::uint32_t lost = 0;        // how many were answered, and their answers thrown away
};

struct Need {
  // One at least, kMaxLookups at most, each once, none answered before. Those that are open are
  // among them while they are waited for.
  std::vector<dns::Question> questions;
  // So many of them, the first, are what the sender's domain waits for. 0: it waits for nothing.
  std::uint32_t of_sender = 0;
};

// Needs nothing behind a cutoff. Where kMaxLookups questions do not suffice, SPF is a permerror.
// For any thread.
std::variant<Verdicts, Need> verify(const Facts& facts, const dns::AnswerTable& answers,
                                    const Asked& asked = {});

}  // namespace auth
