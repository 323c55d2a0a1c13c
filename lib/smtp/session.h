// SPDX-License-Identifier: Apache-2.0
// One SMTP session (RFC 5321) without I/O: bytes and time in, events and replies out. It knows no
// socket, clock, file, log or TLS library; the driver moves bytes and answers the questions.
//
// The driver's loop: feed on_bytes(); then pull next_event() until it returns nothing, acting on
// each; send output(); wait for whichever comes first of input (only while wants_input()), an
// answer to an open question, or deadline(). The work is done inside next_event(), so pull it after
// every other call too, output_sent() included: a session whose replies are not read stops reading.
//
// The reasons of Close: quit, eof, timeout, session_deadline, slow_data, too_much_data, rcpt_flood,
// errors, shutdown, denied, and those of end_after_transaction() and give_way(); input out of turn:
// early_talker, bad_pipelining, starttls_injection, bad_chunk; not SMTP: http, tls_bytes,
// proxy_header. After it only output() matters, and how long that may take is the driver's say.
//
// A client that talks before the greeting is seen only if the driver gives the session what has
// come before it answers AskConnect; and between the two lines of a delayed greeting.
//
// One question at a time: while a Ticket is open the session reads nothing further, so replies
// are in order by construction. Replies to a pipelined group gather in output() and go out
// together.
//
// Lifetime: `settings` must outlive the session. Threads: one at a time. Errors: none thrown.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/time.h"
#include "smtp/event.h"
#include "smtp/settings.h"

namespace smtp {

struct PeerFacts {
  base::Endpoint client;
  // TLS stands before the first byte of SMTP (RFC 8314 section 3). AskConnect comes first all the
  // same, so that a client that is refused costs no handshake; after a positive answer StartTls
  // comes with nothing in output(), and the greeting after on_tls(). After a negative one only
  // Close comes: nothing may be said in clear. AskTls is not asked.
  bool implicit_tls = false;
};

struct SessionCounters {
  std::uint64_t messages = 0;  // answered positively at the end of data
  std::uint64_t refusals = 0;  // 4xx and 5xx of every kind
  // What counts against errors_per_session: commands that were malformed, unknown or out of place,
  // and idle ones beyond kMaxIdleCommands.
  std::uint64_t errors = 0;
};

// That the session waits for its peer. No command of no consequence moves `since`, nor do errors;
// what our own answers took is not in it.
struct Standstill {
  enum class At : std::uint8_t {
    Handshake,
    Beginning,    // since the greeting, or since TLS stands; before EHLO or HELO in TLS
    Idle,         // since then, or since the last message; no recipient was accepted
    Transaction,  // since the last recipient or octet of a message, or since the last answer to one
  };
  At at;
  base::Instant since;
};

class Session {
 public:
  Session(const Settings& settings, const PeerFacts& peer, base::Instant now);
  ~Session();
  Session(Session&&) noexcept;

  void on_bytes(std::string_view bytes, base::Instant now);
  // The handshake that StartTls asked for finished; `early` is what came right behind it, in TLS.
  // Everything learned in clear is forgotten, input not yet read included (RFC 3207 section 4.2).
  void on_tls(std::string_view early, base::Instant now);
  // The peer closed its side. What it sent before is still answered, an open question included;
  // then the session closes.
  void on_eof(base::Instant now);
  void on_time(base::Instant now);  // call when deadline() has passed
  // For `paused_for`, up to now, the driver read nothing and pulled no event: that time is not the
  // peer's, and does not count towards a time-out or a data rate.
  void on_resumed(base::Duration paused_for, base::Instant now);
  // Graceful end: a running body is taken to its answer, a chunk to its end, and an open question
  // is waited for; then, or at once, 421 and Close.
  void shut_down(base::Instant now);
  // Ends a session that stands still, whatever it was about: `last` is said, a 421, and its reason
  // is that of Close. In the handshake nothing can be said.
  void give_way(const Reply& last, base::Instant now);

  void answer(Ticket ticket, const Reply& reply, base::Instant now);
  // Before AskConnect is answered: the greeting comes in two lines, the second this much later.
  // Whoever speaks in between is an early_talker.
  void delay_greeting(base::Duration delay);
  // The session is to end in good order. A transaction that has accepted recipients goes on to its
  // answer, then `last` is said, a 421, and its reason is that of Close; so it is with the next
  // command where there is none. Further recipients are asked about as before.
  void end_after_transaction(const Reply& last);
  // While a body comes in: MessageDropped comes next, the rest is read and dropped, and `reply` is
  // given at its end. This does nothing when the message was refused before, nor once AskMessage
  // was asked: answer that.
  void refuse_message(const Reply& reply);

  std::optional<Event> next_event();
  // Bytes for the peer. Not empty while a question is open only for replies given before it.
  std::string_view output() const;
  void output_sent(std::size_t bytes);

  bool wants_input() const;
  std::optional<base::Instant> deadline() const;

  // Nothing: it does not wait for its peer.
  std::optional<Standstill> standstill() const;

  std::string_view helo() const;  // as the client gave it, after the last reset; peer text
  bool esmtp() const;             // EHLO, not HELO
  bool tls() const;
  bool in_transaction() const;  // MAIL was accepted and the transaction has not ended
  // For `postern ps` and logs: connect, tls, helo, mail, rcpt, data, closed.
  std::string_view stage() const;
  const SessionCounters& counters() const;
  // Bytes held, beside events that were not pulled; below kMaxSessionMemory while the driver reads
  // in pieces of at most kMaxBufferedInput.
  std::size_t memory() const;
  std::string command_counts() const;  // "ehlo=2 mail=1", verbs that came, in the table's order

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smtp
