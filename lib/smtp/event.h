// SPDX-License-Identifier: Apache-2.0
// What a Session says to the outside, pulled by next_event().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "mail/address.h"
#include "smtp/reply.h"

namespace smtp {

// A pending question, answered once by Session::answer(). Answering an old or foreign ticket does
// nothing, so an answer that comes late harms nobody.
struct Ticket {
  std::uint64_t id = 0;
  bool operator==(const Ticket&) const = default;
};

enum class BodyType { SevenBit, EightBitMime };

struct Sender {
  mail::Path path;                    // empty for the null reverse-path <>
  std::size_t declared_size = 0;      // SIZE=, 0 when not given
  BodyType body = BodyType::SevenBit;
};

// Questions. A positive answer lets the dialogue go on; the reply is what the peer reads.
struct AskConnect { Ticket ticket; };                       // 220, or 4xx/5xx and closed
struct AskSender { Ticket ticket; Sender sender; };         // begins a transaction: 250 or 4xx/5xx
struct AskRecipient { Ticket ticket; mail::Path path; };    // 250 or 4xx/5xx
struct AskData { Ticket ticket; };                          // may a body come? 354 or 4xx/5xx
struct AskMessage { Ticket ticket; std::size_t size = 0; }; // body complete, `size` bytes with CRLF

// News.
struct Body { std::string bytes; };     // the next bytes of the message: dots unstuffed, CRLF lines
struct MessageDropped { Reply reply; }; // the body is over and was refused by the session itself
struct TransactionReset {};             // RSET, EHLO or a lost connection ended the transaction
struct Refused {                        // a command was answered 4xx/5xx by the session itself
  std::string_view verb;                // of static lifetime; "" for an unknown one
  Reply reply;
};
struct StartTls {};                     // the 220 is in output(): send it, then do the handshake
struct Close { std::string_view reason; };  // send output(), then close; a log token

using Event = std::variant<AskConnect, AskSender, AskRecipient, AskData, AskMessage, Body,
                           MessageDropped, TransactionReset, Refused, StartTls, Close>;

}  // namespace smtp
