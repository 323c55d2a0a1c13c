// SPDX-License-Identifier: Apache-2.0
#include "base/ascii.h"
#include "base/assert.h"
#include "smtp/extension.h"
#include "smtp/replies.h"
#include "smtp/session_impl.h"

namespace smtp {
namespace {

// Commands that are malformed, unknown or out of place wear the session out. A limit that was hit
// or an answer from outside does not, for honest clients meet those too: it is only no progress.
bool counts_as_error(const Reply& reply) {
  return (reply.code >= 500 && reply.code <= 504) || reply.code == 530 || reply.code == 555;
}

std::optional<Reply> line_fault(const LineReader::Line& line, const CommandRule* rule) {
  // Only MAIL may be longer than kMaxCommandLine, by what the extensions add to it.
  const bool may_be_longer = rule && rule->verb == Verb::Mail;
  const bool too_long = !may_be_longer && line.text.size() + 2 > kMaxCommandLine;
  if (line.fault == LineReader::Fault::BareNewline) return replies::bad_newline_in_command();
  if (line.fault == LineReader::Fault::TooLong || too_long) return replies::line_too_long();
  return std::nullopt;
}

Reply out_of_turn_reply(const CommandRule* rule) {
  return rule && rule->verb == Verb::StartTls ? replies::input_behind_starttls()
                                              : replies::input_ahead_of_reply();
}

std::string help_text(bool tls) {
  std::string text = "Commands:";
  for (const CommandRule& rule : command_table()) {
    if (rule.refusal != nullptr || (tls && rule.verb == Verb::StartTls)) continue;
    text += ' ';
    text += rule.name;
  }
  return text;
}

}  // namespace

void Session::Impl::run_line(const LineReader::Line& line) {
  waiting_since_ = now_;
  first_line_ = false;
  const CommandLine command = split_command(line.text);
  const auto verb = command.rule ? static_cast<std::size_t>(command.rule->verb) : kVerbs;
  ++command_counts_.at(verb);
  const auto fault = line_fault(line, command.rule);
  const bool held = std::exchange(held_since_, std::nullopt).has_value();
  const bool held_back = std::exchange(was_held_, false) || held;
  end_if_told();
  if (state_ == State::Closed) return;
  if (!held_back && is_out_of_turn(command.rule)) {
    stop(command.rule ? command.rule->name : "", out_of_turn_reply(command.rule));
  } else if (fault && command.rule && command.rule->verb == Verb::Bdat) {
    stop_at_chunk(*fault);
  } else if (fault) {
    refuse({}, *fault);
  } else if (command.rule == nullptr) {
    refuse({}, replies::unknown_command());
  } else {
    run(command);
  }
  end_after_errors();
}

void Session::Impl::end_after_errors() {
  if (counters_.errors < settings_.errors_per_session || state_ == State::Closed) return;
  end(replies::too_many_errors());
}

void Session::Impl::run(const CommandLine& command) {
  const CommandRule& rule = *command.rule;
  if (rule.verb == Verb::Bdat) return run_chunk(command);
  if (const auto refusal = check(command)) return refuse(rule.name, *refusal);
  if (rule.idle) count_idle();
  execute(rule, command.argument);
}

// Commands behind one whose reply must be awaited, or in a session that was not told of PIPELINING
// (RFC 2920 section 3.1). What stands behind BDAT is its chunk.
bool Session::Impl::is_out_of_turn(const CommandRule* rule) const {
  if (input_.empty()) return false;
  if (rule == nullptr) return !esmtp_;
  if (rule->verb == Verb::Quit || rule->verb == Verb::Bdat) return false;
  return rule->ends_group || !esmtp_;
}

void Session::Impl::count_idle() {
  if (++idle_commands_ > kMaxIdleCommands) ++counters_.errors;
}

// The first objection counts: TLS, then what we do not have, then form, then place.
std::optional<Reply> Session::Impl::check(const CommandLine& command) const {
  const CommandRule& rule = *command.rule;
  if (!tls_ && !rule.before_tls) return replies::tls_required(settings_.tls_refusal_text);
  if (rule.refusal != nullptr) return rule.refusal();
  if (auto refusal = check_argument(rule, command.argument)) return refusal;
  return check_place(rule);
}

std::optional<Reply> Session::Impl::check_place(const CommandRule& rule) const {
  if (rule.verb == Verb::StartTls) {
    if (tls_) return replies::tls_already_active();
    if (!settings_.starttls_available) return replies::tls_unavailable();
  }
  if (!rule.input || next_state(state_, *rule.input)) return std::nullopt;
  // RFC 5321 section 3.3 allows either code; this one tells a pipelining client what happened.
  const bool all_refused = state_ == State::Sender && transaction_.refused > 0;
  const bool wants_body = rule.verb == Verb::Data || rule.verb == Verb::Bdat;
  return wants_body && all_refused ? replies::no_valid_recipients() : replies::bad_sequence();
}

void Session::Impl::execute(const CommandRule& rule, std::string_view argument) {
  switch (rule.verb) {
    case Verb::Ehlo:
    case Verb::Helo:
      return say_hello(rule, argument);
    case Verb::StartTls:
      return start_tls();
    case Verb::Mail:
      return begin_transaction(argument);
    case Verb::Rcpt:
      return add_recipient(argument);
    case Verb::Data:
      move(Input::Data);
      return ask(AskData{});
    case Verb::Rset:
      end_transaction();
      move(Input::Reset);
      return reply(replies::ok());
    case Verb::Noop:
      return reply(replies::ok());
    case Verb::Help:
      return reply(replies::help(help_text(tls_)));
    case Verb::Quit:
      reply(replies::bye());
      return close("quit");
    case Verb::Bdat:  // run_chunk()
    case Verb::Vrfy:
    case Verb::Expn:
    case Verb::Auth:
    case Verb::Etrn:
    case Verb::Turn:
      POSTERN_ASSERT(rule.refusal == nullptr);
  }
}

// RFC 5321 section 4.1.4: a later EHLO or HELO ends a transaction as RSET does.
void Session::Impl::say_hello(const CommandRule& rule, std::string_view argument) {
  if (const auto refusal = check_helo(argument)) return refuse(rule.name, *refusal);
  end_transaction();
  move(Input::Hello);
  helo_ = argument;
  esmtp_ = rule.verb == Verb::Ehlo;
  reply(replies::hello(esmtp_ ? ehlo_text({settings_, tls_}) : settings_.hostname));
}

void Session::Impl::start_tls() {
  move(Input::StartTls);
  ask(AskTls{});
}

void Session::Impl::begin_transaction(std::string_view argument) {
  transaction_ = {};
  auto parsed = parse_mail(argument, {settings_, tls_});
  if (const auto* refusal = std::get_if<Reply>(&parsed)) return refuse("MAIL", *refusal);
  if (transactions_ >= settings_.max_messages_per_session) {
    return refuse("MAIL", replies::too_many_messages());
  }
  auto sender = std::get<Sender>(std::move(parsed));
  failed_chunk_.reset();
  transaction_since_ = now_;
  transaction_.smtputf8 = sender.smtputf8;
  move(Input::Mail);
  ask(AskSender{{}, std::move(sender)});
}

void Session::Impl::add_recipient(std::string_view argument) {
  if (++transaction_.rcpt_commands > max_recipient_commands(settings_.max_recipients)) {
    return end(replies::too_many_rcpt_commands());
  }
  auto parsed = parse_rcpt(argument, transaction_.smtputf8);
  if (const auto* refusal = std::get_if<Reply>(&parsed)) return refuse("RCPT", *refusal);
  if (transaction_.accepted >= settings_.max_recipients) {
    return refuse("RCPT", replies::too_many_recipients());
  }
  move(Input::Rcpt);
  ask(AskRecipient{{}, std::get<mail::Path>(std::move(parsed))});
}

void Session::Impl::run_chunk(const CommandLine& command) {
  const auto parsed = parse_bdat(command.argument);
  if (const auto* refusal = std::get_if<Reply>(&parsed)) return stop_at_chunk(*refusal);
  chunk_ = std::get<Chunk>(parsed);
  if (failed_chunk_) return begin_skip(*failed_chunk_);
  if (const auto refusal = check(command)) return begin_skip(*refusal);
  const bool first = state_ == State::Recipients;
  move(Input::Chunk);
  if (first) return ask(AskData{});
  resume_data_clock();
  if (state_ == State::Chunk) begin_chunk();
}

// No 354 is said; a refusal comes behind the chunk, which is on its way already.
void Session::Impl::answer_chunks(const Reply& given) {
  if (given.code == 421) return reply(given), close("denied");
  if (!given.positive()) {
    end_transaction();
    move(Input::No);
    failed_chunk_ = given;
    return begin_skip(given);
  }
  move(Input::Yes);
  begin_body(BodyReader::Framing::Chunks);
  begin_chunk();
}

// Without its size it cannot be told where the chunk ends and the next command begins.
void Session::Impl::stop_at_chunk(const Reply& last) {
  refuse("BDAT", last);
  close(replies::bad_chunk_syntax().reason);
}

void Session::Impl::stop(std::string_view verb, const Reply& last) {
  refuse(verb, last);
  close(last.reason);
}

void Session::Impl::refuse(std::string_view verb, const Reply& given) {
  reply(given);
  count_refusal(verb, given);
  if (verb == "MAIL" && state_ == State::Ready)
    transaction_.sender_refused = !counts_as_error(given);
  events_.emplace_back(Refused{verb, given});
}

void Session::Impl::count_refusal(std::string_view verb, const Reply& given) {
  const bool is_rcpt = verb == "RCPT";
  // They were on their way already (RFC 2920 section 3.1): an honest client with many recipients
  // should read why its sender was refused, and not that it made too many errors.
  const bool in_group = is_rcpt || verb == "DATA" || verb == "BDAT";
  if (in_group && given.code == 503 && transaction_.sender_refused) {
    if (!is_rcpt) return count_idle();
    const auto most = max_recipient_commands(settings_.max_recipients);
    if (++transaction_.rcpt_commands > most) ++counters_.errors;
  } else if (counts_as_error(given)) {
    ++counters_.errors;
  } else if (!is_rcpt) {  // they have a limit of their own
    count_idle();
  }
}

std::string Session::Impl::command_counts() const {
  std::string text;
  const auto add = [&](std::string_view name, unsigned count) {
    if (count == 0) return;
    if (!text.empty()) text += ' ';
    text += base::lower(name) + '=' + std::to_string(count);
  };
  for (const CommandRule& rule : command_table()) {
    add(rule.name, command_counts_.at(static_cast<std::size_t>(rule.verb)));
  }
  add("unknown", command_counts_.back());
  return text;
}

}  // namespace smtp
