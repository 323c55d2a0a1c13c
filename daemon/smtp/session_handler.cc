// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/session_handler.h"

#include <utility>

#include "base/assert.h"
#include "smtp/replies.h"

namespace smtp_role {
namespace {

namespace replies = smtp::replies;

constexpr std::string_view kRoomDetail = "less than spool.min_free would be left";

// Log lines of refusals that a session gives by itself: those that concern mail are of interest to
// an administrator, those of form only to one who looks closely.
struct MailVerb {
  std::string_view verb;
  std::string_view stage;
};
constexpr MailVerb kMailVerbs[] = {{"MAIL", "mail"}, {"RCPT", "rcpt"}, {"DATA", "data"}};

std::string_view mail_stage(std::string_view verb) {
  for (const MailVerb& row : kMailVerbs)
    if (row.verb == verb) return row.stage;
  return {};
}

void log_duplicates(const Transaction& transaction, const spool::Done& done) {
  for (const std::string& file : done.possible_duplicates) {
    obs::Line(obs::Event::duplicate_possible)
        .token("sid", transaction.session.sid)
        .token("qid", transaction.queue_id)
        .text("reason", done.reason)
        .text("kept", file)
        .write();
  }
}

smtp::Reply reply_to(const Transaction& transaction, const spool::Done& done) {
  switch (done.outcome) {
    case spool::Outcome::Durable:
      return replies::message_ok(transaction.queue_id);
    case spool::Outcome::Full:
      return replies::insufficient_storage();
    case spool::Outcome::Failed:
      break;
  }
  return replies::local_trouble();
}

void log_outcome(const Transaction& transaction, const spool::Done& done, const smtp::Reply& reply,
                 bool client_gone) {
  const base::Instant now = base::now();
  log_duplicates(transaction, done);
  if (done.outcome != spool::Outcome::Durable) {
    transaction.log_refused("data", reply, done.reason, now);
  } else if (client_gone) {
    // Stored, but nobody was told: the client will send it again (RFC 5321 section 4.1.1.4).
    transaction.log_refused("data", replies::local_trouble(), "stored, but the client was gone",
                            now);
  } else {
    transaction.log_accepted(reply, now);
  }
}

}  // namespace

SessionHandler::SessionHandler(const Services& services, std::string sid,
                               const base::Endpoint& client,
                               policy::Connections::Admission admission, ShardLink link)
    : services_(services),
      slot_(std::move(admission.slot)),
      connect_refusal_(std::move(admission.refusal)),
      link_(std::move(link)),
      connected_(base::now()) {
  facts_.sid = std::move(sid);
  facts_.client = client;
  facts_.line(obs::Event::connect).write();
}

void SessionHandler::on_event(Connection& connection, smtp::Event event) {
  std::visit([&](const auto& concrete) { handle(connection, concrete); }, event);
}

void SessionHandler::handle(Connection& connection, const smtp::AskConnect& ask) {
  if (connect_refusal_) return refuse(connection, ask.ticket, "connect", *connect_refusal_, {});
  connection.answer(ask.ticket, replies::greeting(services_.hostname));
}

void SessionHandler::handle(Connection& connection, const smtp::AskSender& ask) {
  facts_.helo = connection.session().helo();
  facts_.esmtp = connection.session().esmtp();
  transaction_ = std::make_shared<Transaction>();
  transaction_->session = facts_;
  transaction_->sender = ask.sender;
  transaction_->started = base::now();
  transaction_->queue_id = facts_.sid + "." + std::to_string(++transactions_);
  if (!has_room(ask.sender.declared_size, 1))
    return refuse(connection, ask.ticket, "mail", replies::insufficient_storage(), kRoomDetail);
  connection.answer(ask.ticket, replies::sender_ok());
}

void SessionHandler::handle(Connection& connection, const smtp::AskRecipient& ask) {
  const auto decision = services_.recipients.decide(ask.path);
  const std::string recipient = ask.path.address->to_string();
  const auto refuse_recipient = [&](const smtp::Reply& reply, std::string_view detail) {
    transaction_->log_refused("rcpt", reply, detail, base::now(), recipient);
    connection.answer(ask.ticket, reply);
  };
  if (!decision.mailbox) return refuse_recipient(decision.reply, {});
  if (!has_room(transaction_->sender.declared_size, transaction_->mailboxes.size() + 1))
    return refuse_recipient(replies::insufficient_storage(), kRoomDetail);
  transaction_->add(*ask.path.address, *decision.mailbox);
  connection.answer(ask.ticket, decision.reply);
}

void SessionHandler::handle(Connection& connection, const smtp::AskData& ask) {
  if (!has_room(transaction_->sender.declared_size, transaction_->mailboxes.size()))
    return refuse(connection, ask.ticket, "data", replies::insufficient_storage(), kRoomDetail);
  auto buffer = MessageBuffer::make(services_.buffers);
  if (!buffer)
    return refuse(connection, ask.ticket, "data", replies::local_trouble(), buffer.error().reason);
  transaction_->buffer = std::move(*buffer);
  connection.answer(ask.ticket, replies::data_go_ahead());
}

void SessionHandler::handle(Connection& connection, const smtp::Body& body) {
  if (const auto appended = transaction_->buffer->append(body.bytes); !appended) {
    obs::Line(obs::Event::trouble)
        .token("area", "message_buffer")
        .text("reason", appended.error().reason)
        .write();
    connection.session().refuse_message(replies::insufficient_storage());
  }
}

void SessionHandler::handle(Connection& connection, const smtp::AskMessage& ask) {
  const auto refuse_message = [&](const smtp::Reply& reply, std::string_view detail) {
    refuse(connection, ask.ticket, "data", reply, detail);
    transaction_.reset();  // an idle session holds no message
  };
  if (!has_room(transaction_->buffer->size(), transaction_->mailboxes.size()))
    return refuse_message(replies::insufficient_storage(), kRoomDetail);
  if (const auto sealed = transaction_->buffer->seal(); !sealed)
    return refuse_message(replies::local_trouble(), sealed.error().reason);
  transaction_->submitted = base::now();
  auto job = transaction_->make_job(services_.hostname, base::wall_now());
  // The session waits for the ticket and begins no other transaction meanwhile; the delivery owns
  // the message in case the session does not live to see its end.
  services_.writers.submit(std::move(job),
                           [transaction = std::exchange(transaction_, nullptr), post = link_.post,
                            ticket = ask.ticket](const spool::Done& done) {
                             post([transaction, ticket, done](Connection* waiting) {
                               const smtp::Reply reply = reply_to(*transaction, done);
                               log_outcome(*transaction, done, reply, waiting == nullptr);
                               if (waiting != nullptr) waiting->answer(ticket, reply);
                             });
                           });
}

void SessionHandler::handle(Connection&, const smtp::MessageDropped& dropped) {
  transaction_->log_refused("data", dropped.reply, {}, base::now());
  transaction_.reset();
}

void SessionHandler::handle(Connection&, const smtp::TransactionReset&) { transaction_.reset(); }

void SessionHandler::handle(Connection&, const smtp::Refused& refused) {
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
  if (transaction_ != nullptr) {
    transaction_->log_refused(stage, reply, detail, base::now());
  } else {
    obs::Line line = facts_.line(obs::Event::reject);
    line.token("stage", stage).number("code", reply.code).token("ecode", reply.status.to_string());
    line.token("reason", reply.reason).write();
  }
  connection.answer(ticket, reply);
}

bool SessionHandler::has_room(std::uint64_t message_bytes, std::size_t copies) const {
  return services_.writers.free_bytes() >= services_.min_free_bytes + message_bytes * copies;
}

void SessionHandler::on_tls(Connection&, const net::TlsFacts& facts) {
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
      .write();
}

void SessionHandler::on_gone(Connection&) { link_.gone(); }

}  // namespace smtp_role
