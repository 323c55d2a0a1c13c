// SPDX-License-Identifier: Apache-2.0
// How a session meets the limits: what it asks of them, and what it tells them.
#include <algorithm>
#include <array>
#include <utility>

#include "daemon/smtp/session_handler.h"
#include "smtp/replies.h"

namespace smtp_role {
namespace {

namespace replies = smtp::replies;
using policy::Moment;

// Ends of a session that no mail client has; each is an error, as a bad command is. A failed
// handshake is none: scanners that look after our TLS have many.
constexpr std::array<std::string_view, 10> kRudeEnds = {
    "early_talker", "bad_pipelining", "starttls_injection", "bad_chunk",     "http",
    "tls_bytes",    "proxy_header",   "rcpt_flood",         "too_much_data", "tls_flood"};

bool is_unknown(const smtp::Reply& reply) { return reply.reason == replies::no_such_user().reason; }

}  // namespace

void SessionHandler::refuse(Connection& connection, smtp::Ticket ticket, std::string_view stage,
                            const policy::Refusal& refusal) {
  services_.counters.add(refusal.limit);
  refuse(connection, ticket, stage, refusal.reply, refusal.detail);
}

void SessionHandler::handle(Connection& connection, const smtp::AskConnect& ask) {
  // With TLS first there is no later question about it.
  if (!refusal_ && tls_first_) refusal_ = client_->begin_handshake(Moment::now());
  if (refusal_) return refuse(connection, ask.ticket, "connect", *refusal_);
  if (greets_late()) connection.session().delay_greeting(snapshot_->limits.greeting_delay);
  connection.answer(ask.ticket, replies::greeting(snapshot_->hostname));
}

bool SessionHandler::greets_late() const {
  const policy::LimitSettings& limits = snapshot_->limits;
  return limits.greeting_delay.count() > 0 && !client_->exempt() &&
         !services_.history.is_good(facts_.client.address, limits, base::wall_now());
}

void SessionHandler::handle(Connection& connection, const smtp::AskTls& ask) {
  if (const auto refusal = client_->begin_handshake(Moment::now()))
    return refuse(connection, ask.ticket, "starttls", *refusal);
  connection.answer(ask.ticket, replies::ready_for_tls());
}

void SessionHandler::make_room(Connection& connection) {
  if (part_is_due()) return pass_on_part(connection);
  const auto standstill = connection.standstill();
  if (standstill && client_ && client_->gives_way(*standstill, base::now()))
    connection.give_way(replies::crowded());
}

void SessionHandler::handle(Connection& connection, const smtp::AskRecipient& ask) {
  if (const auto refusal = client_->add_recipient(Moment::now())) {
    services_.counters.add(refusal->limit);
    return refuse_recipient(connection, ask.ticket, ask.path, refusal->reply, refusal->detail);
  }
  const auto decision = snapshot_->recipients.decide(ask.path);
  if (is_unknown(decision.reply))
    return refuse_unknown(connection, ask.ticket, ask.path, decision.reply);
  if (!decision.mailbox) {
    client_->count_errors(1, facts_.sid, Moment::now());
    return refuse_recipient(connection, ask.ticket, ask.path, decision.reply, {});
  }
  if (const auto lack = shortage(transaction_->sender.declared_size, transaction_->copies() + 1))
    return refuse_recipient(connection, ask.ticket, ask.path, lack->reply, lack->detail);
  transaction_->add(*ask.path.address, *decision.mailbox);
  connection.answer(ask.ticket, decision.reply);
}

void SessionHandler::refuse_recipient(Connection& connection, smtp::Ticket ticket,
                                      const mail::Path& path, const smtp::Reply& reply,
                                      std::string_view detail) {
  transaction_->log_refused("rcpt", reply, detail, base::now(), path.address->to_string());
  connection.answer(ticket, reply);
}

// Guessing is slow, and soon over. What was accepted is delivered all the same.
void SessionHandler::refuse_unknown(Connection& connection, smtp::Ticket ticket,
                                    const mail::Path& path, const smtp::Reply& reply) {
  if (snapshot_->limits.hide_unknown_until_data) {
    if (const auto lack = shortage(transaction_->sender.declared_size, 1))
      return refuse_recipient(connection, ticket, path, lack->reply, lack->detail);
    transaction_->hidden = *path.address;
    return connection.answer(ticket, replies::recipient_ok());
  }
  transaction_->log_refused("rcpt", reply, {}, base::now(), path.address->to_string());
  answer_late(ticket, reply, client_->count_unknown(facts_.sid, Moment::now()));
  if (client_->guesses())
    connection.session().end_after_transaction(replies::too_many_unknown_recipients());
}

// The end of a message for nobody.
void SessionHandler::refuse_hidden(Connection& connection) {
  services_.counters.add(common::Counter::messages_refused);
  const smtp::Ticket ticket = *message_ticket_;
  const smtp::Reply reply = replies::no_such_user();
  transaction_->log_refused("data", reply, {}, base::now(), transaction_->hidden->to_string());
  end_transaction();
  answer_late(ticket, reply, client_->count_unknown(facts_.sid, Moment::now()));
  if (client_->guesses())
    connection.session().end_after_transaction(replies::too_many_unknown_recipients());
}

// Also to a client that has ended its side: it may still read, and would else know sooner. What it
// keeps of ours meanwhile is bounded by what its session, and its network, may guess.
void SessionHandler::answer_late(smtp::Ticket ticket, const smtp::Reply& reply,
                                 base::Duration delay) {
  late_answer_ = link_.loop->after(delay, [post = link_.post, ticket, reply] {
    post([ticket, reply](Connection* open) {
      if (open != nullptr) open->answer(ticket, reply);
    });
  });
}

void SessionHandler::count_bytes(Connection& connection, std::uint64_t least) {
  const std::uint64_t bytes = connection.bytes_in() - counted_bytes_;
  if (bytes == 0 || bytes < least) return;
  counted_bytes_ += bytes;
  client_->count_bytes(bytes, Moment::now());
}

void SessionHandler::count_errors(Connection& connection) {
  const std::uint64_t errors = connection.session().counters().errors - counted_errors_;
  if (errors == 0) return;
  counted_errors_ += errors;
  client_->count_errors(errors, facts_.sid, Moment::now());
}

void SessionHandler::count_end(Connection& connection, std::string_view reason) {
  if (!client_) return;
  count_bytes(connection);
  count_errors(connection);
  client_->end_handshake();
  if (std::find(kRudeEnds.begin(), kRudeEnds.end(), reason) != kRudeEnds.end())
    client_->count_errors(1, facts_.sid, Moment::now());
}

}  // namespace smtp_role
