// SPDX-License-Identifier: Apache-2.0
#include "smtp/session.h"

#include <atomic>

#include "base/assert.h"
#include "smtp/replies.h"
#include "smtp/session_impl.h"

namespace smtp {

Session::Impl::Impl(const Settings& settings, const PeerFacts& peer, base::Instant now)
    : settings_(settings),
      peer_(peer),
      now_(now),
      session_end_(now + settings.session_deadline),
      waiting_since_(now),
      data_since_(now),
      window_start_(now) {
  ask(AskConnect{});
}

void Session::Impl::on_bytes(std::string_view bytes, base::Instant now) {
  now_ = now;
  // In clear behind STARTTLS: nobody will ever read it (RFC 3207 section 4.2; CVE-2011-0411).
  if (state_ == State::Handshake || state_ == State::Closed) return;
  input_.append(bytes);
  if (state_ != State::Body || bytes.empty()) return;
  data_since_ = now;
  window_bytes_ += bytes.size();
}

void Session::Impl::on_tls(base::Instant now) {
  now_ = now;
  if (state_ == State::Closed) return;
  POSTERN_ASSERT(state_ == State::Handshake && !tls_);
  // RFC 3207 section 4.2: what the client said in clear is forgotten, half a command line included.
  input_.clear();
  lines_ = LineReader(kMaxCommandLine + kMaxMailParameters);
  helo_.clear();
  esmtp_ = false;
  tls_ = true;
  waiting_since_ = now;
  move(Input::Secured);
  if (greeting_) reply(*greeting_);
}

void Session::Impl::on_eof(base::Instant now) {
  now_ = now;
  eof_ = true;
}

void Session::Impl::shut_down(base::Instant now) {
  now_ = now;
  shutting_down_ = true;
}

std::optional<Event> Session::Impl::next_event() {
  while (events_.empty() && step()) {
  }
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

bool Session::Impl::step() {
  if (state_ == State::Closed || is_question(state_)) return false;
  if (state_ == State::Body) return step_body();
  if (state_ == State::Handshake) {
    if (eof_) close("eof");
    if (shutting_down_) close("shutdown");
    return false;
  }
  if (shutting_down_) return end(replies::shutting_down()), true;
  return step_command();
}

bool Session::Impl::step_command() {
  // A peer that sends and does not read must not fill our memory with replies.
  if (output_.size() > kMaxBufferedOutput) return false;
  if (session_is_over()) return end(replies::session_too_long()), true;
  input_.consume(lines_.read(input_.view()));
  if (lines_.complete()) return run_line(lines_.take()), true;
  if (eof_) close("eof");
  return false;
}

// The end of the data is a step of its own: what the outside says to the last Body event, it says
// before the message is asked about.
bool Session::Impl::step_body() {
  if (body_->ended()) return finish_body(), true;
  if (body_->too_much()) return end(replies::too_much_data()), true;
  if (input_.empty()) {
    if (eof_) close("eof");
    return false;
  }
  const bool was_dropped = is_dropped();
  Body body;
  input_.consume(body_->read(input_.view(), body.bytes));
  if (!is_dropped()) {
    if (!body.bytes.empty()) events_.emplace_back(std::move(body));
  } else if (!was_dropped) {
    drop_message();
  }
  return true;
}

void Session::Impl::drop_message() { events_.emplace_back(MessageDropped{*body_->refusal()}); }

void Session::Impl::finish_body() {
  const std::optional<Reply> refusal = body_->refusal();
  const std::size_t size = body_->size();
  body_.reset();
  if (!refusal) {
    move(Input::Whole);
    return ask(AskMessage{{}, size});
  }
  move(Input::Refused);
  waiting_since_ = now_;
  reply(*refusal);
}

// One number space for all sessions: a ticket that reaches the wrong one is foreign to it.
Ticket Session::Impl::new_ticket() {
  static std::atomic<std::uint64_t> last{0};
  return {++last};
}

void Session::Impl::answer(Ticket ticket, const Reply& given, base::Instant now) {
  if (open_ != ticket) return;
  now_ = now;
  waiting_since_ = now;
  open_.reset();
  if (state_ == State::AskConnect) return answer_connect(given);
  const State asked = state_;
  move(given.positive() ? Input::Yes : Input::No);
  reply(given);
  apply_answer(asked, given.positive());
  if (given.code == 421) close("denied");  // RFC 5321 section 3.8
}

// Where TLS comes first a refusal cannot be said in clear: the connection is closed without a word.
void Session::Impl::answer_connect(const Reply& given) {
  const bool tls_first = peer_.implicit_tls;
  if (!given.positive()) {
    if (!tls_first) reply(given);
    return close("denied");
  }
  move(tls_first ? Input::YesInTls : Input::Yes);
  if (!tls_first) return reply(given);
  greeting_ = given;
  events_.emplace_back(StartTls{});
}

void Session::Impl::apply_answer(State asked, bool positive) {
  switch (asked) {
    case State::AskSender:
      transaction_ = {};
      if (positive) ++transactions_;
      return;
    case State::AskFirst:
    case State::AskAnother:
      ++(positive ? transaction_.accepted : transaction_.refused);
      return;
    case State::AskData:
      if (positive) begin_body();
      return;
    default:
      POSTERN_ASSERT(asked == State::AskMessage);
      if (positive) ++counters_.messages;
      idle_commands_ = 0;
  }
}

void Session::Impl::begin_body() {
  body_.emplace(settings_);
  data_since_ = now_;
  window_start_ = now_;
  window_bytes_ = input_.size();
}

void Session::Impl::refuse_message(const Reply& given) {
  if (!body_ || is_dropped()) return;
  body_->refuse(given);
  drop_message();
}

void Session::Impl::move(Input input) {
  const auto next = next_state(state_, input);
  POSTERN_ASSERT(next.has_value());
  state_ = *next;
}

void Session::Impl::reply(const Reply& given) {
  output_ += given.render();
  if (!given.positive()) ++counters_.refusals;
}

void Session::Impl::end_transaction() {
  if (in_transaction()) events_.emplace_back(TransactionReset{});
}

void Session::Impl::end(const Reply& last) {
  reply(last);
  close(last.reason);
}

void Session::Impl::close(std::string_view reason) {
  if (state_ == State::Closed) return;
  end_transaction();
  events_.emplace_back(Close{reason, state_ == State::AskConnect});
  state_ = State::Closed;
  body_.reset();
  input_.clear();
}

bool Session::Impl::wants_input() const {
  return state_ != State::Closed && state_ != State::Handshake && !eof_ &&
         input_.size() < kMaxBufferedInput && output_.size() <= kMaxBufferedOutput;
}

Session::Session(const Settings& settings, const PeerFacts& peer, base::Instant now)
    : impl_(std::make_unique<Impl>(settings, peer, now)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;

void Session::on_bytes(std::string_view bytes, base::Instant now) { impl_->on_bytes(bytes, now); }
void Session::on_tls(base::Instant now) { impl_->on_tls(now); }
void Session::on_eof(base::Instant now) { impl_->on_eof(now); }
void Session::on_time(base::Instant now) { impl_->on_time(now); }
void Session::on_resumed(base::Duration paused_for, base::Instant now) {
  impl_->on_resumed(paused_for, now);
}
void Session::shut_down(base::Instant now) { impl_->shut_down(now); }
void Session::answer(Ticket ticket, const Reply& reply, base::Instant now) {
  impl_->answer(ticket, reply, now);
}
void Session::refuse_message(const Reply& reply) { impl_->refuse_message(reply); }
std::optional<Event> Session::next_event() { return impl_->next_event(); }
std::string_view Session::output() const { return impl_->output(); }
void Session::output_sent(std::size_t bytes) { impl_->output_sent(bytes); }
bool Session::wants_input() const { return impl_->wants_input(); }
std::optional<base::Instant> Session::deadline() const { return impl_->deadline(); }
std::string_view Session::helo() const { return impl_->helo(); }
bool Session::esmtp() const { return impl_->esmtp(); }
bool Session::tls() const { return impl_->tls(); }
bool Session::in_transaction() const { return impl_->in_transaction(); }
std::string_view Session::stage() const { return stage_name(impl_->state()); }
const SessionCounters& Session::counters() const { return impl_->counters(); }
std::string Session::command_counts() const { return impl_->command_counts(); }

}  // namespace smtp
