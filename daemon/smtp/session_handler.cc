// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/session_handler.h"

#include <utility>

#include "base/assert.h"
#include "policy/decide.h"
#include "smtp/replies.h"

namespace smtp_role {
namespace {

namespace replies = smtp::replies;

// Bytes are put into the accounts in portions of at least so many, while a message comes in.
constexpr std::uint64_t kBytesAtOnce = 64u << 10;

// Log lines of refusals that a session gives by itself: those that concern mail are of interest to
// an administrator, those of form only to one who looks closely.
struct MailVerb {
  std::string_view verb;
  std::string_view stage;
};
constexpr MailVerb kMailVerbs[] = {
    {"MAIL", "mail"}, {"RCPT", "rcpt"}, {"DATA", "data"}, {"BDAT", "data"}};

std::string_view mail_stage(std::string_view verb) {
  for (const MailVerb& row : kMailVerbs)
    if (row.verb == verb) return row.stage;
  return {};
}

void log_duplicates(const Transaction& transaction, const ipc::Delivered& delivered) {
  for (const std::string& file : delivered.possible_duplicates) {
    obs::Line(obs::Event::duplicate_possible)
        .token("sid", transaction.session.sid)
        .token("qid", transaction.queue_id)
        .text("reason", delivered.reason)
        .text("kept", file)
        .write();
  }
}

smtp::Reply reply_to(const Transaction& transaction, const ipc::Delivered& delivered) {
  switch (delivered.outcome) {
    case ipc::Delivered::Outcome::Durable:
      return replies::message_ok(transaction.queue_id);
    case ipc::Delivered::Outcome::Full:
      return replies::insufficient_storage();
    case ipc::Delivered::Outcome::Failed:
      break;
  }
  return replies::local_trouble();
}

void log_outcome(const Transaction& transaction, const ipc::Delivered& delivered,
                 const smtp::Reply& reply, bool client_gone) {
  const base::Instant now = base::now();
  log_duplicates(transaction, delivered);
  if (delivered.outcome != ipc::Delivered::Outcome::Durable) {
    transaction.log_refused("data", reply, delivered.reason, now);
  } else if (client_gone) {
    // Stored, but nobody was told: the client will send it again (RFC 5321 section 4.1.1.4).
    transaction.log_refused("data", replies::local_trouble(), "stored, but the client was gone",
                            now);
  } else {
    transaction.log_accepted(reply, now);
  }
}

}  // namespace

SessionHandler::SessionHandler(Services& services, Arrival& arrival, ShardLink link)
    : services_(services),
      snapshot_(arrival.snapshot),
      via_(arrival.via ? arrival.via->to_string() : ""),
      tls_first_(arrival.peer.implicit_tls),
      client_(std::move(arrival.client)),
      refusal_(std::move(arrival.refusal)),
      link_(std::move(link)),
      connected_(base::now()) {
  facts_.sid = std::move(arrival.sid);
  facts_.client = arrival.peer.client;
  facts_.line(obs::Event::connect).token("via", via_).write();
}

void SessionHandler::on_event(Connection& connection, smtp::Event event) {
  std::visit([&](const auto& concrete) { handle(connection, concrete); }, event);
}

void SessionHandler::handle(Connection& connection, const smtp::AskSender& ask) {
  facts_.helo = connection.session().helo();
  facts_.esmtp = connection.session().esmtp();
  end_transaction();
  transaction_ = std::make_shared<Transaction>();
  transaction_->session = facts_;
  transaction_->sender = ask.sender;
  transaction_->started = base::now();
  transaction_->queue_id = facts_.sid + "." + std::to_string(++transactions_);
  transaction_->message = services_.deliver.next_message();
  if (const auto refusal = client_->begin_message(policy::Moment::now()))
    return refuse(connection, ask.ticket, "mail", *refusal);
  if (const auto lack = shortage(ask.sender.declared_size, 1))
    return refuse(connection, ask.ticket, "mail", lack->reply, lack->detail);
  begin_verification();
  connection.answer(ask.ticket, replies::sender_ok());
}

// Early: what the DNS has to say is mostly there before the message is.
void SessionHandler::begin_verification() {
  const std::uint64_t number = services_.verify.next_job();
  transaction_->verification = number;
  services_.verify.verify(
      number, transaction_->facts(snapshot_->hostname, base::wall_now()), snapshot_->auth,
      [this, number, post = link_.post](const common::VerifyClient::Outcome& outcome) {
        // The handler lives as long as its connection.
        post([this, number, outcome](Connection* open) {
          if (open != nullptr) verified(*open, number, outcome);
        });
      });
}

void SessionHandler::verified(Connection& connection, std::uint64_t number,
                              const common::VerifyClient::Outcome& outcome) {
  // It may have been cancelled when this was on its way already.
  if (transaction_ == nullptr || transaction_->verification != number) return;
  transaction_->verdicts = outcome;
  if (message_ticket_) judge(connection);
}

void SessionHandler::handle(Connection& connection, const smtp::AskData& ask) {
  if (const auto lack = shortage(transaction_->sender.declared_size, transaction_->copies()))
    return refuse(connection, ask.ticket, "data", lack->reply, lack->detail);
  auto part = MessagePart::make(services_.buffers);
  if (!part)
    return refuse(connection, ask.ticket, "data", replies::local_trouble(), part.error().reason);
  transaction_->part = std::move(*part);
  connection.answer(ask.ticket, replies::data_go_ahead());
}

void SessionHandler::handle(Connection& connection, const smtp::Body& body) {
  count_bytes(connection, kBytesAtOnce);
  if (const auto appended = transaction_->part->append(body.bytes); !appended) {
    obs::log_trouble("message_buffer", appended.error().reason);
    return connection.session().refuse_message(replies::insufficient_storage());
  }
  if (!transaction_->take(body.bytes, services_.buffers))
    return connection.session().refuse_message(replies::insufficient_storage());
  if (part_is_due()) pass_on_part(connection);
}

// The session refuses a header that is longer than a part.
bool SessionHandler::part_is_due() const {
  if (transaction_ == nullptr || !transaction_->header_read || message_ticket_) return false;
  const bool crowded = services_.buffers.is_crowded();
  return transaction_->part->size() >= (crowded ? kCrowdedPartBytes : kPartBytes);
}

// A message that was in a mailbox before has come back to it (RFC 5321 section 6.3). There it is
// already; the others get it.
void SessionHandler::handle(Connection& connection, const smtp::HeaderComplete&) {
  auto read = transaction_->read_header(snapshot_->auth_policy.authserv_id, services_.buffers);
  if (!read) {
    obs::log_trouble("message_buffer", read.error().reason);
    return connection.session().refuse_message(replies::insufficient_storage());
  }
  if (transaction_->copies() == 0) {
    if (!snapshot_->limits.hide_unknown_until_data)
      return connection.session().refuse_message(replies::delivered_before());
    // Another answer would tell that there is such a mailbox, for a message that nobody gets.
    transaction_->hidden = transaction_->recipients.front();
  }
  for (const policy::LocalMailbox& mailbox : read->looping)
    transaction_->log_refused("rcpt", replies::delivered_before(), "the others get it", base::now(),
                              mailbox.mailbox + '@' + mailbox.domain);
  services_.verify.add_header(transaction_->verification, std::move(read->header));
}

// The client waits until deliver has the part: what a session holds in memory stays bounded.
void SessionHandler::pass_on_part(Connection& connection) {
  auto next = MessagePart::make(services_.buffers);
  if (!next) return drop_message(connection, replies::local_trouble(), next.error().reason);
  auto part = std::exchange(transaction_->part, std::move(*next));
  transaction_->appended_bytes += part->size();
  connection.hold();
  services_.deliver.append(transaction_->message, std::move(part),
                           [this, post = link_.post](const auto& appended, const auto& file) {
                             // The handler lives as long as its connection.
                             post([this, appended, file](Connection* waiting) {
                               if (waiting != nullptr) part_is_away(*waiting, appended, file);
                             });
                           });
}

void SessionHandler::part_is_away(Connection& connection, const ipc::Appended& appended,
                                  const base::SharedFd& file) {
  std::string error = appended.error;
  // Another file than that of the first parts is one of another process.
  if (error.empty() && (file != nullptr) == (transaction_->collected != nullptr))
    error = "earlier parts of a message went down with another process";
  if (file != nullptr) transaction_->collected = file;
  if (!error.empty())
    drop_message(connection,
                 appended.full ? replies::insufficient_storage() : replies::local_trouble(), error);
  connection.release();
}

void SessionHandler::drop_message(Connection& connection, const smtp::Reply& reply,
                                  const std::string& detail) {
  transaction_->dropped_for = detail;
  connection.session().refuse_message(reply);
}

void SessionHandler::end_transaction() {
  if (transaction_ == nullptr) return;
  services_.verify.cancel(transaction_->verification);
  if (transaction_->appended_bytes > 0) services_.deliver.discard(transaction_->message);
  transaction_.reset();  // an idle session holds no message
  message_ticket_.reset();
}

void SessionHandler::handle(Connection& connection, const smtp::AskMessage& ask) {
  count_bytes(connection);
  message_ticket_ = ask.ticket;
  if (const auto lack = shortage(transaction_->size_bytes, transaction_->copies()))
    return refuse_message(connection, lack->reply, lack->detail);
  auto body = transaction_->body();
  if (!body) return refuse_message(connection, replies::local_trouble(), body.error().reason);
  services_.verify.add_body(transaction_->verification, std::move(*body));
  if (transaction_->verdicts) judge(connection);
}

void SessionHandler::refuse_message(Connection& connection, const smtp::Reply& reply,
                                    std::string_view detail) {
  services_.counters.add(common::Counter::messages_refused);
  const smtp::Ticket ticket = *message_ticket_;
  transaction_->log_refused("data", reply, detail, base::now());
  end_transaction();
  connection.answer(ticket, reply);
}

// The message is complete, and so are its verdicts.
void SessionHandler::judge(Connection& connection) {
  const common::VerifyClient::Outcome& outcome = *transaction_->verdicts;
  if (!outcome) return refuse_message(connection, replies::local_trouble(), outcome.error().reason);
  const auto facts = transaction_->facts(snapshot_->hostname, base::wall_now());
  transaction_->disposition = policy::decide(facts, *outcome, snapshot_->auth_policy);
  const policy::Disposition disposition = *transaction_->disposition;
  services_.count(*outcome, disposition);
  if (disposition.refusal)
    return refuse_message(connection, *disposition.refusal, disposition.detail);
  // Last: a message that nobody would get must not tell who is there.
  if (transaction_->hidden) return refuse_hidden(connection);
  if (outcome->dmarc.result == auth::DmarcResult::Pass)
    services_.history.add_pass(facts_.client.address, snapshot_->limits, base::wall_now());
  deliver();
}

void SessionHandler::deliver() {
  transaction_->submitted = base::now();
  auto header =
      transaction_->stored_header(snapshot_->hostname, snapshot_->auth_policy, base::wall_now());
  auto part = std::move(transaction_->part);
  const auto message = transaction_->message;
  const auto appended_bytes = transaction_->appended_bytes;
  // The session waits for the ticket and begins no other transaction meanwhile; the delivery owns
  // the transaction in case the session does not live to see its end.
  auto told = [transaction = std::exchange(transaction_, nullptr), post = link_.post,
               ticket = *message_ticket_,
               &counters = services_.counters](const ipc::Delivered& done) {
    const bool durable = done.outcome == ipc::Delivered::Outcome::Durable;
    counters.add(durable ? common::Counter::messages_accepted : common::Counter::messages_refused);
    post([transaction, ticket, done](Connection* waiting) {
      const smtp::Reply reply = reply_to(*transaction, done);
      log_outcome(*transaction, done, reply, waiting == nullptr);
      if (waiting != nullptr) waiting->answer(ticket, reply);
    });
  };
  message_ticket_.reset();
  services_.deliver.deliver(message, std::move(part), std::move(header), appended_bytes,
                            std::move(told));
}

void SessionHandler::handle(Connection& connection, const smtp::MessageDropped& dropped) {
  count_bytes(connection);
  services_.counters.add(common::Counter::messages_refused);
  transaction_->log_refused("data", dropped.reply, transaction_->dropped_for, base::now());
  end_transaction();
}

void SessionHandler::handle(Connection&, const smtp::TransactionReset&) { end_transaction(); }

void SessionHandler::handle(Connection& connection, const smtp::Refused& refused) {
  count_errors(connection);
  const std::string_view stage = mail_stage(refused.verb);
  obs::Line line = facts_.line(stage.empty() ? obs::Event::reply : obs::Event::reject);
  if (stage.empty())
    line.token("verb", refused.verb.empty() ? "-" : refused.verb);
  else
    line.token("stage", stage);
  line.number("code", refused.reply.code).token("ecode", refused.reply.status.to_string());
  line.token("reason", refused.reply.reason).write();
}

void SessionHandler::refuse(Connection& connection, smtp::Ticket ticket, std::string_view stage,
                            const smtp::Reply& reply, std::string_view detail) {
  if (stage == "data") services_.counters.add(common::Counter::messages_refused);
  if (transaction_ != nullptr) {
    transaction_->log_refused(stage, reply, detail, base::now());
  } else {
    obs::Line line = facts_.line(obs::Event::reject);
    line.token("stage", stage).number("code", reply.code).token("ecode", reply.status.to_string());
    line.token("reason", reply.reason).text("detail", detail).write();
  }
  connection.answer(ticket, reply);
}

std::optional<SessionHandler::Shortage> SessionHandler::shortage(std::uint64_t message_bytes,
                                                                 std::size_t copies) const {
  const auto free_bytes = services_.deliver.free_bytes();
  if (!free_bytes) return Shortage{replies::local_trouble(), "the deliver process is away"};
  if (*free_bytes >= snapshot_->min_free_bytes + message_bytes * copies) return std::nullopt;
  return Shortage{replies::insufficient_storage(), "less than spool.min_free would be left"};
}

void SessionHandler::on_tls(Connection&, const net::TlsFacts& facts) {
  client_->end_handshake();
  facts_.tls = facts;
  facts_.line(obs::Event::tls)
      .token("version", facts.version)
      .token("cipher", facts.cipher)
      .token("group", facts.group)
      .peer("sni", facts.sni)
      .write();
}

void SessionHandler::on_tls_failed(Connection&, std::string_view reason,
                                   const std::string& detail) {
  facts_.line(obs::Event::tls_failed).token("reason", reason).text("detail", detail).write();
}

void SessionHandler::on_closed(Connection& connection, std::string_view reason) {
  end_transaction();
  count_end(connection, reason);
  services_.counters.add_end(reason);
  const smtp::Session& session = connection.session();
  const auto& counters = session.counters();
  const auto lasted =
      std::chrono::duration_cast<std::chrono::milliseconds>(base::now() - connected_);
  facts_.line(obs::Event::disconnect)
      .token("reason", reason)
      .token("tls", facts_.tls_version())
      .peer("helo", session.helo())
      .text("cmds", session.command_counts())
      .number("accepted", static_cast<std::int64_t>(counters.messages))
      .number("refused", static_cast<std::int64_t>(counters.refusals))
      .number("errors", static_cast<std::int64_t>(counters.errors))
      .number("in", static_cast<std::int64_t>(connection.bytes_in()))
      .number("out", static_cast<std::int64_t>(connection.bytes_out()))
      .number("ms", lasted.count())
      .token("via", via_)
      .write();
}

void SessionHandler::on_gone(Connection&) { link_.gone(); }

}  // namespace smtp_role
