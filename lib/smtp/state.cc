// SPDX-License-Identifier: Apache-2.0
//
//               AskConnect --No--> Closed             Quit: from every state that reads commands
//                |      |                             to Closed
//               Yes   YesInTls                        Hello, Reset: from every state with a
//                |      +--------------------+        transaction to Ready, which ends it
//                v                           v
//            Greeted <-------Secured----- Handshake <--------+
//              ^ |  ^                                        |
//       Delayed| |  +--StartTls, No--> AskEarlyTls --Yes-----+
//        Waited| |                                           |
//              v |                                           |
//       Greeting |                                           |
//              Hello                                         |
//                v                                           |
//   +--------> Ready <--StartTls, No--> AskTls --Yes---------+
//   |            |  ^
//   |          Mail |No
//   |            v  |
//   |         AskSender --Yes--> Sender --Rcpt--> AskFirst
//   |                               ^ +------No------+ |
//   |                                                 Yes
//   |                                                  v
//   |                       AskAnother <--Rcpt-- Recipients <--No--+
//   |                           +------Yes, No------^  |  |        |
//   |                                               Data  +--Chunk-|---> AskChunks --No--+
//   |                                                  v           |         Yes         |
//   +--Refused-- Body <------------Yes------------- AskData -------+          v          |
//   |             |                                     Chunks --Chunk--> Chunk          |
//   |           Whole                                     ^------Part------+ |           |
//   |             v                                                          |           |
//   +--Yes, No-- AskMessage <-------------------------------------Whole------+           |
//   +--------------------------------------------------------------Refused---+-----------+
//
#include "smtp/state.h"

#include <array>
#include <cstddef>

namespace smtp {
namespace {

struct Transition {
  State from;
  Input input;
  State to;
};

constexpr std::array kTransitions = std::to_array<Transition>({
    {State::AskConnect, Input::Yes, State::Greeted},
    {State::AskConnect, Input::YesInTls, State::Handshake},
    {State::AskConnect, Input::No, State::Closed},

    {State::AskEarlyTls, Input::Yes, State::Handshake},
    {State::AskEarlyTls, Input::No, State::Greeted},

    {State::AskTls, Input::Yes, State::Handshake},
    {State::AskTls, Input::No, State::Ready},

    {State::Handshake, Input::Secured, State::Greeted},

    {State::Greeting, Input::Waited, State::Greeted},

    {State::Greeted, Input::Delayed, State::Greeting},
    {State::Greeted, Input::Hello, State::Ready},
    {State::Greeted, Input::StartTls, State::AskEarlyTls},
    {State::Greeted, Input::Reset, State::Greeted},
    {State::Greeted, Input::Quit, State::Closed},

    {State::Ready, Input::Hello, State::Ready},
    {State::Ready, Input::StartTls, State::AskTls},
    {State::Ready, Input::Mail, State::AskSender},
    {State::Ready, Input::Reset, State::Ready},
    {State::Ready, Input::Quit, State::Closed},

    {State::AskSender, Input::Yes, State::Sender},
    {State::AskSender, Input::No, State::Ready},

    {State::Sender, Input::Rcpt, State::AskFirst},
    {State::Sender, Input::Hello, State::Ready},
    {State::Sender, Input::Reset, State::Ready},
    {State::Sender, Input::Quit, State::Closed},

    {State::AskFirst, Input::Yes, State::Recipients},
    {State::AskFirst, Input::No, State::Sender},

    {State::Recipients, Input::Rcpt, State::AskAnother},
    {State::Recipients, Input::Data, State::AskData},
    {State::Recipients, Input::Chunk, State::AskChunks},
    {State::Recipients, Input::Hello, State::Ready},
    {State::Recipients, Input::Reset, State::Ready},
    {State::Recipients, Input::Quit, State::Closed},

    {State::AskAnother, Input::Yes, State::Recipients},
    {State::AskAnother, Input::No, State::Recipients},

    {State::AskData, Input::Yes, State::Body},
    {State::AskData, Input::No, State::Recipients},

    {State::Body, Input::Whole, State::AskMessage},
    {State::Body, Input::Refused, State::Ready},

    {State::AskChunks, Input::Yes, State::Chunk},
    {State::AskChunks, Input::No, State::Ready},

    {State::Chunk, Input::Part, State::Chunks},
    {State::Chunk, Input::Whole, State::AskMessage},
    {State::Chunk, Input::Refused, State::Ready},

    {State::Chunks, Input::Chunk, State::Chunk},
    {State::Chunks, Input::Hello, State::Ready},
    {State::Chunks, Input::Reset, State::Ready},
    {State::Chunks, Input::Quit, State::Closed},

    {State::AskMessage, Input::Yes, State::Ready},
    {State::AskMessage, Input::No, State::Ready},
});

struct Trait {
  State state;
  bool question;
  bool transaction;
  bool body;
  std::string_view stage;
};

// In the order of the enumeration.
constexpr std::array kTraits = std::to_array<Trait>({
    {State::AskConnect, true, false, false, "connect"},
    {State::Greeting, false, false, false, "connect"},
    {State::AskEarlyTls, true, false, false, "tls"},
    {State::AskTls, true, false, false, "tls"},
    {State::Handshake, false, false, false, "tls"},
    {State::Greeted, false, false, false, "helo"},
    {State::Ready, false, false, false, "mail"},
    {State::AskSender, true, false, false, "mail"},
    {State::Sender, false, true, false, "rcpt"},
    {State::AskFirst, true, true, false, "rcpt"},
    {State::Recipients, false, true, false, "rcpt"},
    {State::AskAnother, true, true, false, "rcpt"},
    {State::AskData, true, true, false, "data"},
    {State::Body, false, true, true, "data"},
    {State::AskChunks, true, true, false, "data"},
    {State::Chunk, false, true, true, "data"},
    {State::Chunks, false, true, false, "data"},
    {State::AskMessage, true, true, false, "data"},
    {State::Closed, false, false, false, "closed"},
});

constexpr bool in_order() {
  for (std::size_t i = 0; i < kTraits.size(); ++i) {
    if (static_cast<std::size_t>(kTraits[i].state) != i) return false;
  }
  return true;
}
static_assert(in_order());

constexpr const Trait& trait(State state) { return kTraits[static_cast<std::size_t>(state)]; }

}  // namespace

std::optional<State> next_state(State state, Input input) {
  for (const Transition& row : kTransitions) {
    if (row.from == state && row.input == input) return row.to;
  }
  return std::nullopt;
}

bool is_question(State state) { return trait(state).question; }
bool is_tls_question(State state) { return state == State::AskEarlyTls || state == State::AskTls; }
bool is_transaction(State state) { return trait(state).transaction; }
bool is_body(State state) { return trait(state).body; }
std::string_view stage_name(State state) { return trait(state).stage; }

}  // namespace smtp
