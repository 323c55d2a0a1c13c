// SPDX-License-Identifier: Apache-2.0
// What is known of a session and of its mail transaction, for the stored message and the log.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/session_facts.h"
#include "auth/verdict.h"
#include "base/ip_address.h"
#include "base/result.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "daemon/common/verify_client.h"
#include "daemon/smtp/deliver_client.h"
#include "daemon/smtp/message_buffer.h"
#include "mail/address.h"
#include "mail/delivered_to.h"
#include "net/tls_stream.h"
#include "obs/log.h"
#include "policy/decide.h"
#include "policy/recipients.h"
#include "smtp/event.h"
#include "spool/delivery.h"

namespace smtp_role {

struct SessionFacts {
  std::string sid;
  base::Endpoint client;
  std::optional<net::TlsFacts> tls;
  std::string helo;  // peer text
  bool esmtp = false;

  // A log line that begins with sid, client and port.
  obs::Line line(obs::Event event) const;
  // The name of the TLS version, "-" in clear.
  std::string_view tls_version() const;
};

// From MAIL to the answer to its message. A copy of the session's facts comes along, so that what
// became of a message can be told after its session is gone.
struct Transaction {
  SessionFacts session;
  smtp::Sender sender;
  std::vector<mail::Address> recipients;        // as accepted
  std::vector<policy::LocalMailbox> mailboxes;  // where they lead, each once
  // A recipient that does not exist, while nobody is told so yet: the only one of its transaction.
  std::optional<mail::Address> hidden;
  std::string queue_id;
  base::Instant started;

  std::uint64_t verification = 0;  // its number with the verifiers
  // Nothing: they are yet to come. An error: our own trouble.
  std::optional<base::Result<auth::Verdicts>> verdicts;
  std::optional<policy::Disposition> disposition;  // when the message is complete as well

  // The message: what is in memory, from DATA on, behind what deliver has already.
  std::uint64_t message = 0;  // its number there
  std::shared_ptr<MessagePart> part;
  std::uint64_t appended_bytes = 0;
  base::SharedFd collected;       // what deliver has, for reading; null: nothing
  std::uint64_t body_offset = 0;  // where the body begins in what is stored; by read_header()
  std::uint64_t size_bytes = 0;   // all of it
  std::string header;             // its bytes, until read_header()
  BudgetCharge header_charge;
  bool header_read = false;
  std::string message_id;         // peer text
  bool needs_empty_line = false;  // it has no header
  std::string dropped_for;        // for the administrator: why it was refused while it came
  base::Instant submitted;

  void add(const mail::Address& recipient, const policy::LocalMailbox& mailbox);
  // How often it is to be stored, as far as its client can tell.
  std::size_t copies() const { return mailboxes.size() + (hidden ? 1 : 0); }
  // False: the budget is used up.
  bool take(std::string_view body, BufferBudget& budget);

  struct HeaderRead {
    common::MessagePiece header;  // for the verifiers: as it came, with its empty line
    // Taken away: the message has been in them before (RFC 5321 section 6.3).
    std::vector<policy::LocalMailbox> looping;
  };
  // When all of the header has come, the part still having all of it: the part loses what nobody
  // may say but we, Return-Path and Authentication-Results of ours.
  base::Result<HeaderRead> read_header(const std::string& authserv_id, BufferBudget& buffers);
  // For the verifiers, when all of the message has come: what stands behind the header. Seals the
  // part.
  base::Result<std::vector<common::MessagePiece>> body();

  // For the verifiers. `hostname` is ours.
  auth::SessionFacts facts(const std::string& hostname, base::WallTime now) const;

  // For each mailbox Return-Path and Delivered-To; for all Authentication-Results where there is a
  // disposition, and Received.
  StoredHeader stored_header(const std::string& hostname, const policy::AuthSettings& settings,
                             base::WallTime now) const;

  // The one log line of a message.
  void log_accepted(const smtp::Reply& reply, base::Instant now) const;
  // Of a message, its sender or a recipient: `refused_recipient` is peer text, `detail` is for the
  // administrator; both may be empty.
  void log_refused(std::string_view stage, const smtp::Reply& reply, std::string_view detail,
                   base::Instant now, const std::string& refused_recipient = {}) const;

 private:
  void describe(obs::Line& line, const std::string& to) const;
  void describe_verdicts(obs::Line& line) const;
  std::string all_recipients() const;
  std::vector<policy::LocalMailbox> take_away_looping(const mail::DeliveredTo& seen);
  std::string received(const std::string& hostname, base::WallTime now) const;
};

}  // namespace smtp_role
