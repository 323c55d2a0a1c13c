// SPDX-License-Identifier: Apache-2.0
#include "smtp/session.h"

#include <atomic>

#include "base/assert.h"
#include "smtp/foreign.h"
#include "smtp/replies.h"
#include "smtp/session_impl.h"

namespace smtp {

namespace {

std::string_view verb_asked_for(State question) {
  if (is_tls_question(question)) return "STARTTLS";
  if (question == State::AskSender) return "MAIL";
  return question == State::AskData ? "DATA" : "RCPT";
}

}  // namespace

Session::Impl::Impl(const Settings& settings, const PeerFacts& peer, base::Instant now)
    : settings_(settings),
      peer_(peer),
      now_(now),
      session_end_(now + settings.session_deadline),
      progress_since_(now),
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
  if (!is_receiving() || bytes.empty()) return;
  data_since_ = now;
  window_bytes_ += bytes.size();
}

void Session::Impl::on_tls(std::string_view early, base::Instant now) {
  now_ = now;
  if (state_ == State::Closed) return;
  POSTERN_ASSERT(state_ == State::Handshake && !tls_);
  // RFC 3207 section 4.2: what the client said in clear is forgotten, half a command line included.
  input_.clear();
  lines_ = LineReader(max_mail_line());
  first_line_ = true;
  failed_chunk_.reset();
  helo_.clear();
  esmtp_ = false;
  tls_ = true;
  waiting_since_ = now;
  progress_since_ = now;
  move(Input::Secured);
  if (greeting_ && !early.empty()) return stop_early_talker(early);
  if (greeting_) return greet(*std::exchange(greeting_, std::nullopt));
  input_.append(early);
}

void Session::Impl::on_eof(base::Instant now) {
  now_ = now;
  eof_ = true;
}

void Session::Impl::shut_down(base::Instant now) {
  now_ = now;
  shutting_down_ = true;
}

void Session::Impl::give_way(const Reply& last, base::Instant now) {
  if (!standstill()) return;
  now_ = now;
  if (state_ == State::Handshake) return close(last.reason);
  end(last);
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
  if (state_ == State::Greeting) return step_greeting();
  if (skip_) return step_skip();
  if (body_ && state_ != State::Chunks) return step_body();
  if (state_ == State::Handshake) {
    if (eof_) close("eof");
    if (shutting_down_) close("shutdown");
    return false;
  }
  if (shutting_down_) return end(replies::shutting_down()), true;
  return step_command();
}

bool Session::Impl::step_greeting() {
  if (!input_.empty()) {
    stop_early_talker(input_.view());
  } else if (shutting_down_) {
    end(replies::shutting_down());
  } else if (eof_) {
    close("eof");
  }
  return false;
}

bool Session::Impl::step_command() {
  // A peer that sends and does not read must not fill our memory with replies.
  if (output_.size() > kMaxBufferedOutput) return false;
  if (session_is_over()) return end(replies::session_too_long()), true;
  if (awaits_more_of_signature()) {
    if (!held_since_) held_since_ = now_;
    return false;
  }
  if (first_line_ && !lines_.begun() && input_.view().starts_with(kProxySignature))
    return stop({}, replies::proxy_header()), true;
  input_.consume(lines_.read(input_.view()));
  if (const auto foreign = foreign_protocol(lines_.text())) return stop({}, *foreign), true;
  if (lines_.complete()) return run_line(lines_.take()), true;
  if (eof_) close("eof");
  return false;
}

// Two empty lines would else be answered before it is seen what they are.
bool Session::Impl::awaits_more_of_signature() const {
  return first_line_ && !lines_.begun() && !eof_ && !input_.empty() &&
         input_.size() < kProxySignature.size() && kProxySignature.starts_with(input_.view());
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
  transaction_since_ += now - question_since_;
  note_progress(state_, given.positive());
  open_.reset();
  if (state_ == State::AskConnect) return answer_connect(given);
  if (state_ == State::AskChunks) return answer_chunks(given);
  if (awaits_reply(state_) && !input_.empty()) return stop_out_of_turn(state_);
  if (shutting_down_ && is_tls_question(state_)) return end(replies::shutting_down());
  const State asked = state_;
  move(given.positive() ? Input::Yes : Input::No);
  reply(given);
  apply_answer(asked, given.positive());
  if (given.code == 421) return close("denied");  // RFC 5321 section 3.8
  if (asked == State::AskMessage) end_if_told();
  end_after_errors();
}

// RFC 2920 section 3.1: the message begins behind our 354, and a client that was not told of
// PIPELINING awaits every reply.
bool Session::Impl::awaits_reply(State asked) const {
  const bool ends_group = asked == State::AskData || is_tls_question(asked);
  return ends_group || (!esmtp_ && asked != State::AskMessage);
}

void Session::Impl::stop_out_of_turn(State asked) {
  stop(verb_asked_for(asked),
       is_tls_question(asked) ? replies::input_behind_starttls() : replies::input_ahead_of_reply());
}

// Where TLS comes first a refusal cannot be said in clear: the connection is closed without a word.
void Session::Impl::answer_connect(const Reply& given) {
  const bool tls_first = peer_.implicit_tls;
  if (!given.positive()) {
    if (!tls_first) reply(given);
    return close("denied");
  }
  if (!input_.empty()) return stop_early_talker(input_.view());
  move(tls_first ? Input::YesInTls : Input::Yes);
  if (!tls_first) return greet(given);
  greeting_ = given;
  events_.emplace_back(StartTls{});
}

// The first of two lines says that there will be another (RFC 5321 section 4.2), and a mail client
// waits for that.
void Session::Impl::greet(const Reply& given) {
  if (greeting_delay_ <= base::Duration::zero()) return reply(given);
  const std::string lines = given.with_text(given.text + '\n' + given.text).render();
  output_ += lines.substr(0, lines.find('\n') + 1);
  greeting_ = given;
  waiting_since_ = now_;
  move(Input::Delayed);
}

void Session::Impl::end_greeting() {
  move(Input::Waited);
  waiting_since_ = now_;
  progress_since_ = now_;
  reply(*std::exchange(greeting_, std::nullopt));
}

void Session::Impl::stop_early_talker(std::string_view said) {
  stop({}, foreign_protocol(said).value_or(replies::input_before_greeting()));
}

void Session::Impl::apply_answer(State asked, bool positive) {
  switch (asked) {
    case State::AskEarlyTls:
    case State::AskTls:
      if (!positive) return count_idle();
      // Command injection (CVE-2011-0411): nothing received in clear may be left to be read in TLS.
      POSTERN_ASSERT(input_.empty());
      events_.emplace_back(StartTls{});
      return;
    case State::AskSender:
      transaction_.sender_refused = !positive;
      if (positive) ++transactions_;
      if (!positive) count_idle();
      return;
    case State::AskFirst:
    case State::AskAnother:
      ++(positive ? transaction_.accepted : transaction_.refused);
      return;
    case State::AskData:
      if (positive) begin_body(BodyReader::Framing::Dots);
      if (!positive) count_idle();
      return;
    default:
      POSTERN_ASSERT(asked == State::AskMessage);
      if (!positive) return count_idle();
      ++counters_.messages;
      idle_commands_ = 0;
      skipped_ = 0;
  }
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
  body_.reset();
  failed_chunk_.reset();
  transaction_.sender_refused = false;
}

void Session::Impl::end_if_told() {
  if (last_word_ && !has_recipients()) end(*last_word_);
}

void Session::Impl::end(const Reply& last) {
  reply(last);
  close(last.reason);
}

void Session::Impl::close(std::string_view reason) {
  if (state_ == State::Closed) return;
  end_transaction();
  events_.emplace_back(Close{reason, state_ == State::AskConnect || state_ == State::Greeting});
  state_ = State::Closed;
  skip_.reset();
  input_.clear();
}

void Session::Impl::output_sent(std::size_t bytes) {
  output_.erase(0, bytes);
  if (output_.empty()) std::string().swap(output_);  // an idle session holds no memory for it
}

std::size_t Session::Impl::memory() const {
  return sizeof *this + input_.capacity() + lines_.text().size() + output_.capacity() +
         helo_.capacity() + (body_ ? sizeof *body_ : 0);
}

bool Session::Impl::wants_input() const {
  const bool tls_first = state_ == State::AskConnect && peer_.implicit_tls;
  return state_ != State::Closed && state_ != State::Handshake && !tls_first && !eof_ &&
         input_.size() < kMaxBufferedInput && output_.size() <= kMaxBufferedOutput;
}

Session::Session(const Settings& settings, const PeerFacts& peer, base::Instant now)
    : impl_(std::make_unique<Impl>(settings, peer, now)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;

void Session::on_bytes(std::string_view bytes, base::Instant now) { impl_->on_bytes(bytes, now); }
void Session::on_tls(std::string_view early, base::Instant now) { impl_->on_tls(early, now); }
void Session::on_eof(base::Instant now) { impl_->on_eof(now); }
void Session::on_time(base::Instant now) { impl_->on_time(now); }
void Session::on_resumed(base::Duration paused_for, base::Instant now) {
  impl_->on_resumed(paused_for, now);
}
void Session::shut_down(base::Instant now) { impl_->shut_down(now); }
void Session::give_way(const Reply& last, base::Instant now) { impl_->give_way(last, now); }
void Session::answer(Ticket ticket, const Reply& reply, base::Instant now) {
  impl_->answer(ticket, reply, now);
}
void Session::delay_greeting(base::Duration delay) { impl_->delay_greeting(delay); }
void Session::end_after_transaction(const Reply& last) { impl_->end_after_transaction(last); }
void Session::refuse_message(const Reply& reply) { impl_->refuse_message(reply); }
std::optional<Event> Session::next_event() { return impl_->next_event(); }
std::string_view Session::output() const { return impl_->output(); }
void Session::output_sent(std::size_t bytes) { impl_->output_sent(bytes); }
bool Session::wants_input() const { return impl_->wants_input(); }
std::optional<base::Instant> Session::deadline() const { return impl_->deadline(); }
std::optional<Standstill> Session::standstill() const { return impl_->standstill(); }
std::string_view Session::helo() const { return impl_->helo(); }
bool Session::esmtp() const { return impl_->esmtp(); }
bool Session::tls() const { return impl_->tls(); }
bool Session::in_transaction() const { return impl_->in_transaction(); }
std::string_view Session::stage() const { return impl_->stage(); }
const SessionCounters& Session::counters() const { return impl_->counters(); }
std::size_t Session::memory() const { return impl_->memory(); }
std::string Session::command_counts() const { return impl_->command_counts(); }

}  // namespace smtp
