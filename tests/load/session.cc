// SPDX-License-Identifier: Apache-2.0
#include "load/session.h"

#include <array>

#include "base/assert.h"

namespace load {

struct Session::Row {
  const char* name;  // in the report
  void (Session::*answered)(const Reply& reply);
};

const Session::Row& Session::row(Step step) {
  // In the order of Step.
  static constexpr std::array<Row, static_cast<std::size_t>(Step::Count)> kRows = {{
      {"greeting", &Session::after_greeting},
      {"ehlo", &Session::after_hello},
      {"starttls", &Session::after_starttls},
      {"mail", &Session::after_mail},
      {"rcpt", &Session::after_rcpt},
      {"data", &Session::after_data},
      {"content", &Session::after_content},
      {"rset", &Session::after_reset},
      {"quit", &Session::after_quit},
  }};
  return kRows[static_cast<std::size_t>(step)];
}

Session::Session(const Options& options, const Environment& environment, Statistics& statistics,
                 Work& work, std::size_t slot)
    : options_(options),
      statistics_(statistics),
      work_(work),
      slot_(slot),
      transport_(environment, options.slow_bytes_per_second, *this),
      deadline_(event_new(environment.loop, -1, 0, &Session::deadline_passed, this)) {
  POSTERN_ASSERT(deadline_ != nullptr);
}

void Session::start(const std::optional<base::IpAddress>& source) {
  ++statistics_.connections;
  started_ = stage_started_ = base::now();
  set_deadline();
  if (const auto failed = transport_.connect(options_.server, source)) fail(*failed);
}

void Session::abandon() {
  if (!over_) fail("unfinished");
}

void Session::on_connected() {
  statistics_.time(Stage::Connect, base::now() - started_);
  stage_started_ = base::now();
  if (options_.tls == Tls::Implicit)
    start_handshake();
  else
    expected_.push_back(Step::Greeting);
}

void Session::start_handshake() {
  phase_ = "handshake";
  stage_started_ = base::now();
  if (!transport_.start_tls()) fail("input in clear before the handshake");
}

void Session::on_secure() {
  statistics_.time(Stage::Handshake, base::now() - stage_started_);
  stage_started_ = base::now();
  secure_ = true;
  // RFC 3207 section 4.2: after STARTTLS both begin anew; there is no second greeting.
  if (options_.tls == Tls::Implicit)
    expected_.push_back(Step::Greeting);
  else
    say(Step::Hello, "EHLO " + options_.helo);
}

void Session::on_input(evbuffer& input) {
  while (!over_) {
    const auto reply = reader_.next(input);
    if (reader_.failed()) return fail("no SMTP reply");
    if (!reply) return;
    set_deadline();
    on_reply(*reply);
  }
}

void Session::on_progress() {
  if (!over_) set_deadline();
}

void Session::on_end(const std::string& reason) {
  if (!over_) fail(reason);
}

void Session::on_reply(const Reply& reply) {
  statistics_.reply(reply.code);
  if (expected_.empty()) return fail("reply to nothing: " + reply.name());
  // RFC 5321 section 3.8: the server closes the connection, whatever was asked.
  if (reply.code == 421) {
    if (message_) message_refused();
    return fail(reply.name());
  }
  const Step step = expected_.front();
  expected_.pop_front();
  (this->*row(step).answered)(reply);
}

void Session::after_greeting(const Reply& reply) {
  if (reply.code != 220) return fail("greeting", reply.name());
  statistics_.time(Stage::Greeting, base::now() - stage_started_);
  say(Step::Hello, "EHLO " + options_.helo);
}

void Session::after_hello(const Reply& reply) {
  if (reply.code != 250) return fail("ehlo", reply.name());
  const bool starttls = options_.tls == Tls::StartTls && !secure_;
  // What was asked for is done or reported; it is never silently left out.
  if (starttls && !reply.offers("STARTTLS")) return fail("ehlo", "STARTTLS is not offered");
  if (starttls) return say(Step::StartTls, "STARTTLS");
  if (options_.pipelining && !reply.offers("PIPELINING"))
    return fail("ehlo", "PIPELINING is not offered");
  size_offered_ = reply.offers("SIZE");
  next_message();
}

void Session::after_starttls(const Reply& reply) {
  if (reply.code != 220) return fail("starttls", reply.name());
  start_handshake();
}

void Session::next_message() {
  if (messages_begun_ < options_.messages_per_connection) message_ = work_.next_message();
  if (!message_) return say(Step::Quit, "QUIT");
  ++messages_begun_;
  recipients_asked_ = recipients_accepted_ = 0;
  message_started_ = base::now();
  if (options_.pipelining)
    send_group();
  else
    say(Step::Mail, mail_command());
}

// RFC 2920 section 3.1: DATA may only be the last of a group.
void Session::send_group() {
  std::string group = mail_command() + "\r\n";
  expected_.push_back(Step::Mail);
  for (std::size_t i = 0; i < options_.recipients.size(); ++i) {
    group += rcpt_command(i) + "\r\n";
    expected_.push_back(Step::Rcpt);
  }
  say(Step::Data, group + "DATA");
}

std::string Session::mail_command() const {
  const std::string command = "MAIL FROM:<" + options_.from + '>';
  return size_offered_ ? command + " SIZE=" + std::to_string(message_->size_bytes) : command;
}

std::string Session::rcpt_command(std::size_t index) const {
  return "RCPT TO:<" + options_.recipients[index] + '>';
}

void Session::after_mail(const Reply& reply) {
  if (reply.code != 250) note_refusal(Step::Mail, reply);
  if (options_.pipelining) return;  // the other answers follow
  if (reply.code != 250) return give_up_message();
  say(Step::Rcpt, rcpt_command(0));
}

void Session::after_rcpt(const Reply& reply) {
  ++recipients_asked_;
  if (reply.code / 100 == 2)
    ++recipients_accepted_;
  else
    note_refusal(Step::Rcpt, reply);
  if (options_.pipelining) return;
  if (recipients_asked_ < options_.recipients.size())
    return say(Step::Rcpt, rcpt_command(recipients_asked_));
  if (recipients_accepted_ == 0) return give_up_message();
  say(Step::Data, "DATA");
}

void Session::after_data(const Reply& reply) {
  if (reply.code != 354) {
    note_refusal(Step::Data, reply);
    return give_up_message();
  }
  if (recipients_accepted_ == 0) return fail("data", "354 without a recipient");
  expected_.push_back(Step::Content);
  transport_.send(message_->wire);
}

void Session::after_content(const Reply& reply) {
  if (reply.code == 250) {
    work_.acknowledged(*message_, reply.last_word());
    statistics_.time(Stage::MailTo250, base::now() - message_started_);
    message_.reset();
  } else {
    note_refusal(Step::Content, reply);
    message_refused();
  }
  next_message();
}

void Session::note_refusal(Step step, const Reply& reply) {
  statistics_.refusal(row(step).name, reply.name());
}

void Session::message_refused() {
  ++statistics_.refused;
  message_.reset();
}

void Session::give_up_message() {
  message_refused();
  say(Step::Reset, "RSET");
}

void Session::after_reset(const Reply& reply) {
  if (reply.code != 250) return fail("rset", reply.name());
  next_message();
}

void Session::after_quit(const Reply&) {
  statistics_.time(Stage::Session, base::now() - started_);
  end(true);
}

void Session::say(Step step, const std::string& line) {
  expected_.push_back(step);
  transport_.send(line + "\r\n");
}

void Session::fail(const std::string& reason) {
  fail(expected_.empty() ? phase_ : row(expected_.front()).name, reason);
}

void Session::fail(const std::string& where, const std::string& reason) {
  statistics_.error(where, reason);
  end(false);
}

void Session::end(bool well) {
  over_ = true;
  event_del(deadline_.get());
  if (message_) work_.lost();
  message_.reset();
  work_.ended(slot_, well);
}

void Session::set_deadline() {
  const timeval timeout{options_.timeout.count(), 0};
  event_add(deadline_.get(), &timeout);
}

void Session::deadline_passed(int, short, void* self) {
  static_cast<Session*>(self)->fail("timeout");
}

}  // namespace load
