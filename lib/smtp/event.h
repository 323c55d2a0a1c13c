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
  mail::Path path;                // empty for the null reverse-path <>
  std::size_t declared_size = 0;  // SIZE=, 0 when not given
  BodyType body = BodyType::SevenBit;
  bool smtputf8 = false;     // the envelope and the header may contain UTF-8 (RFC 6531)
  bool require_tls = false;  // not to be sent on without TLS (RFC 8689)
};

// Questions. A positive answer lets the dialogue go on; the reply is what the peer reads.

// 220, or 4xx/5xx and closed.
struct AskConnect {
  Ticket ticket;
};
// May this client have a handshake? 220, and StartTls comes; 421 and closed; or another 4xx/5xx,
// and the session goes on in clear.
struct AskTls {
  Ticket ticket;
};
// 250 begins a transaction; or 4xx/5xx.
struct AskSender {
  Ticket ticket;
  Sender sender;
};
// 250 or 4xx/5xx.
struct AskRecipient {
  Ticket ticket;
  mail::Path path;
};
// May a body come, by DATA or by a first BDAT? 354 or 4xx/5xx.
struct AskData {
  Ticket ticket;
};
// The body is complete: `size` bytes with CRLF line ends. Any answer ends the transaction.
struct AskMessage {
  Ticket ticket;
  std::size_t size = 0;
};

// News.

// The next bytes of the message: dots unstuffed, CRLF line ends. None comes once the message is
// refused.
struct Body {
  std::string bytes;
};
// The Body events so far are the header section, the empty line behind it included, and those to
// come are the rest; or the message has no header, and they are as much of its first line as shows
// that (mail::HeaderFields says which). They are bounded by max_header_size. Once for every
// message, before AskMessage at the latest; not for one that was refused before.
struct HeaderComplete {};
// The message was refused, by the session itself or by refuse_message(), and the transaction has
// ended. It comes as soon as that is certain, so that whoever collects the body can drop it; the
// peer reads the reply at the end of its data. How much of it came as Body events is of no meaning.
struct MessageDropped {
  Reply reply;
};
// RSET, EHLO, HELO or the end of the session ended the transaction.
struct TransactionReset {};
// A command was answered 4xx/5xx by the session itself.
struct Refused {
  std::string_view verb;  // of static lifetime; "" for an unknown one
  Reply reply;
};
// The 220 is in output(): send it, then do the handshake.
struct StartTls {};
// Send output(), then close.
struct Close {
  std::string_view reason;  // a log token of static lifetime
  bool unserved = false;    // it was never greeted
};

using Event =
    std::variant<AskConnect, AskTls, AskSender, AskRecipient, AskData, AskMessage, Body,
                 HeaderComplete, MessageDropped, TransactionReset, Refused, StartTls, Close>;

}  // namespace smtp
