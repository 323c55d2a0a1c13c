// SPDX-License-Identifier: Apache-2.0
// THE state machine of a session: one table, (state, input) -> state. An absent row is a command
// out of place, 503 5.5.1 (RFC 5321 section 4.1.4); for anything that is not a command it is our
// bug.
#pragma once

#include <optional>
#include <string_view>

namespace smtp {

enum class State {
  AskConnect,   // question: may this client connect?
  Greeting,     // its first line was said, and who speaks before the second is no mail client
  AskEarlyTls,  // question: a handshake, before the first EHLO or HELO?
  AskTls,       // question: a handshake?
  Handshake,    // TLS is being set up; nothing of SMTP passes
  Greeted,      // before the first EHLO or HELO
  Ready,        // between transactions
  AskSender,    // question
  Sender,       // a transaction without recipients
  AskFirst,     // question: the first recipient?
  Recipients,   // at least one recipient
  AskAnother,   // question: a further recipient?
  AskData,      // question: may a body come?
  Body,         // reading the message, by DATA
  AskChunks,    // question: may a body come, by BDAT?
  Chunk,        // reading a chunk of it
  Chunks,       // between two chunks
  AskMessage,   // question: what becomes of the message?
  Closed,
};

enum class Input {
  Hello,  // EHLO or HELO
  StartTls,
  Mail,
  Rcpt,
  Data,
  Chunk,  // BDAT
  Reset,
  Quit,
  Yes,       // the question was answered positively
  YesInTls,  // the same, but TLS must stand before we greet (implicit TLS)
  No,        // negatively
  Secured,   // the handshake finished
  Delayed,   // the greeting was begun, not ended
  Waited,    // the time in between is over
  Part,      // end of a chunk that is not the last one
  Whole,     // end of data, and the message is fit to be asked about
  Refused,   // end of data or of a chunk, and the message was refused by the session itself
};

std::optional<State> next_state(State state, Input input);

bool is_question(State state);
bool is_tls_question(State state);
bool is_transaction(State state);
bool is_body(State state);                 // the message is coming in
std::string_view stage_name(State state);  // connect, tls, helo, mail, rcpt, data, closed

}  // namespace smtp
