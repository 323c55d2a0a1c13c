// SPDX-License-Identifier: Apache-2.0
// All checks of one message, as a step towards a fixed point (design section 3): verdicts when all
// of the message and the answers that are there suffice, else the questions to ask before it is
// called again with all answers. It can be called before the message has come, and before its body
// has: then it asks for what is sure to be needed. The next call need not wait for all answers:
// when those of the sender or of the message are there, others may still be open, and the call is
// told which are.
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

#include "auth/dkim_body.h"
#include "auth/dkim_library.h"
#include "auth/dkim_screen.h"
#include "auth/dmarc.h"
#include "auth/public_suffixes.h"
#include "auth/session_facts.h"
#include "auth/settings.h"
#include "auth/verdict.h"
#include "dns/answer_table.h"
#include "mail/header_fields.h"

namespace auth {

// For one message, SPF, null MX and iprev together. RFC 7208 section 4.6.4 lets one SPF record come
// to 111.
inline constexpr std::size_t kMaxLookups = 150;
// For one message, DKIM and DMARC together. Counted apart, so that what a sender makes SPF ask
// keeps nobody from the policy of the domain that the message says it is from.
inline constexpr std::size_t kMaxMessageLookups = kMaxDkimListed + kMaxDmarcQuestions;
// A round: questions that are asked at once, and the answers that the next one needs. One SPF
// record comes to some 14, DMARC to two. The rounds in which the sender's domain or the message
// waits are counted apart from those of the client alone.
inline constexpr unsigned kMaxRounds = 20;
// helo is the client's own choice: while the sender's domain is open, nothing is asked for helo
// beyond so many questions, or a client could use up what the other needs to come to a fail.
inline constexpr std::size_t kHeloShare = 25;

// Why no more can be asked. What is still open then is a temperror.
enum class Cutoff : std::uint8_t { None, Rounds, Deadline, Memory, Last_ = Memory };

// What a judgement stands on, beside the message and the answers of the DNS.
struct Facts {
  SessionFacts session;
  DkimSettings dkim;
  Cutoff sender = Cutoff::None;   // null MX and SPF of the sender's domain
  Cutoff message = Cutoff::None;  // DKIM and DMARC
  Cutoff client = Cutoff::None;   // helo and iprev: nobody but the client chooses what they ask

  bool operator==(const Facts&) const = default;
  void visit(auto& v) { v(session, dkim, sender, message, client); }
};

// As much as has come. All of the header, whatever we shall take out of it; no body without it.
struct MessageParts {
  const mail::HeaderFields* header = nullptr;
  BodySource* body = nullptr;
};

// What was asked before, beside the questions that have answers.
struct Asked {
  std::set<dns::Question> open;  // no answer has come yet
  std::uint32_t lost = 0;        // how many were answered, and their answers thrown away
  std::uint32_t of_message = 0;  // how many of all that were asked were of_message
};

struct Need {
  // kMaxLookups + kMaxMessageLookups at most, each once, none answered before. Those that are open
  // are among them while they are waited for. None: nothing more can be asked before more of the
  // message has come.
  std::vector<dns::Question> questions;
  // So many of them, the first, are what the sender's domain waits for; so many behind these, what
  // the message does: the next call need not wait for more than one of the two. The others are the
  // client's, and the next call need not wait for them unless there are no others.
  std::uint32_t of_sender = 0;
  std::uint32_t of_message = 0;
};

// What a process makes once, before it is confined.
struct Libraries {
  DkimLibrary dkim;
  PublicSuffixes suffixes;
};

// Needs nothing behind a cutoff. Where kMaxLookups questions do not suffice, SPF is a permerror.
// The body is read by the last call only. One thread at a time for the same libraries.
std::variant<Verdicts, Need> verify(const Facts& facts, const MessageParts& message,
                                    const dns::AnswerTable& answers, const Asked& asked,
                                    Libraries& libraries);

}  // namespace auth
