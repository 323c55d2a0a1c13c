// SPDX-License-Identifier: Apache-2.0
// One SMTP session (RFC 5321) without I/O: bytes and time in, events and replies out. It knows no
// socket, clock, file, log or TLS library; the driver moves bytes and answers the questions.
//
// The driver's loop: feed on_bytes(); then pull next_event() until it returns nothing, acting on
// each; send output(); wait for whichever comes first of input (only while wants_input()), an
// answer to an open question, or deadline().
//
// One question at a time: while a Ticket is open the session reads nothing further, so replies
// are in order by construction. Replies to a pipelined group gather in output() and go out together.
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
  bool implicit_tls = false;  // TLS stands before the first byte of SMTP (RFC 8314 section 3)
};

struct SessionCounters {
  std::uint64_t messages = 0;  // answered positively at the end of data
  std::uint64_t refusals = 0;  // 4xx and 5xx of every kind
  std::uint64_t errors = 0;    // of them those that count against errors_per_session
};

class Session {
 public:
  Session(const Settings& settings, const PeerFacts& peer, base::Instant now);
  ~Session();
  Session(Session&&) noexcept;

  void on_bytes(std::string_view bytes, base::Instant now);
  // The handshake finished. Everything learned in clear is forgotten, input not yet read included
  // (RFC 3207 section 4.2). Call it after StartTls, or at once when implicit_tls.
  void on_tls(base::Instant now);
  void on_eof(base::Instant now);   // the peer closed its side
  void on_time(base::Instant now);  // call when deadline() has passed
  // Graceful end: a running message is taken to its end, anything else is answered 421 now.
  void shut_down(base::Instant now);

  void answer(Ticket ticket, const Reply& reply, base::Instant now);
  // While a body comes in: the rest is read and dropped, and `reply` is given at its end.
  void refuse_message(const Reply& reply);

  std::optional<Event> next_event();
  // Bytes for the peer. Not empty while a question is open only for replies given before it.
  std::string_view output() const;
  void output_sent(std::size_t bytes);

  bool wants_input() const;
  std::optional<base::Instant> deadline() const;

  std::string_view helo() const;      // as the client gave it, after the last reset; peer text
  bool esmtp() const;                 // EHLO, not HELO
  bool tls() const;
  bool in_transaction() const;        // MAIL was accepted and the transaction has not ended
  std::string_view stage() const;     // for `postern ps` and logs: connect, helo, mail, rcpt, data
  const SessionCounters& counters() const;
  std::string command_counts() const; // "ehlo=2 mail=1", verbs that came, in the table's order

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smtp
