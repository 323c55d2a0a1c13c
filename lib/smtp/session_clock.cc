// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>

#include "smtp/replies.h"
#include "smtp/session_impl.h"

namespace smtp {
namespace {

constexpr std::chrono::minutes kRateWindow{1};        // of smtp.min_data_rate
constexpr std::chrono::seconds kSignatureTimeout{1};  // for the rest of a PROXY signature

}  // namespace

// No clock runs while a question is open: then it is our side that takes the time. The command
// clock runs from the end of the previous command, so that a slow trickle of bytes does not prolong
// it; it runs as well where the peer does not read our replies.
std::optional<base::Instant> Session::Impl::deadline() const {
  if (state_ == State::Closed || is_question(state_)) return std::nullopt;
  return is_receiving() ? data_deadline() : command_deadline();
}

base::Instant Session::Impl::command_deadline() const {
  const base::Instant due =
      waiting_since_ +
      (state_ == State::Greeting ? greeting_delay_ : base::Duration(settings_.command_timeout));
  return std::min({due, command_phase_end(), signature_deadline()});
}

// How long commands may go on. Between chunks add_pause() is the limit.
base::Instant Session::Impl::command_phase_end() const {
  if (state_ == State::Chunks) return base::Instant::max();
  if (!has_recipients()) return session_end_;
  return std::max(session_end_, transaction_since_ + settings_.session_deadline);
}

base::Instant Session::Impl::signature_deadline() const {
  return held_since_ ? *held_since_ + kSignatureTimeout : base::Instant::max();
}

// Data that nobody will take belongs to no transaction.
base::Instant Session::Impl::data_deadline() const {
  const base::Instant due =
      std::min<base::Instant>(data_since_ + settings_.data_timeout, window_start_ + kRateWindow);
  return skip_ || is_dropped() ? std::min(due, session_end_) : due;
}

std::optional<Standstill> Session::Impl::standstill() const {
  using At = Standstill::At;
  if (state_ == State::Closed || state_ == State::Greeting || is_question(state_))
    return std::nullopt;
  if (state_ == State::Handshake) return Standstill{At::Handshake, waiting_since_};
  const base::Instant since = std::max(progress_since_, data_since_);
  if (is_receiving() || has_recipients()) return Standstill{At::Transaction, since};
  return Standstill{tls_ && !helo_.empty() ? At::Idle : At::Beginning, since};
}

// A peer that has no recipient accepted, or no message ended, goes on with nothing: RSET, NOOP or
// another MAIL could be said for ever.
void Session::Impl::note_progress(State asked, bool positive) {
  const bool is_recipient = asked == State::AskFirst || asked == State::AskAnother;
  if (asked == State::AskMessage || (is_recipient && positive))
    progress_since_ = now_;
  else
    progress_since_ += now_ - question_since_;
}

// An answer in between may have set a clock anew: none is put into the future.
void Session::Impl::on_resumed(base::Duration paused_for, base::Instant now) {
  now_ = now;
  for (base::Instant* clock :
       {&waiting_since_, &progress_since_, &data_since_, &window_start_, &chunk_since_})
    *clock = std::min(*clock + paused_for, now);
}

void Session::Impl::on_time(base::Instant now) {
  now_ = now;
  const auto due = deadline();
  if (!due || now < *due) return;
  if (is_receiving()) return on_data_deadline();
  if (state_ == State::Handshake) return close("timeout");
  if (state_ == State::Greeting && !session_is_over()) return end_greeting();
  if (now >= signature_deadline()) {
    first_line_ = false;  // it is something else: read it as such
    held_since_.reset();
    was_held_ = true;
    return;
  }
  end(session_is_over() ? replies::session_too_long() : replies::timed_out());
}

void Session::Impl::start_data_clock() {
  data_since_ = now_;
  window_start_ = now_;
  window_bytes_ = input_.size();
}

// The rate is that of the time in which bytes came. A sender may pause: behind a filter it waits
// for a verdict, and TCP for a lost segment; but all pauses in one message together are limited.
void Session::Impl::on_data_deadline() {
  if (now_ >= data_since_ + settings_.data_timeout) return end(replies::timed_out());
  if ((skip_ || is_dropped()) && now_ >= session_end_) return end(replies::session_too_long());
  const base::Instant last_byte = std::max(data_since_, window_start_);
  const auto active = std::chrono::duration_cast<std::chrono::seconds>(last_byte - window_start_);
  const auto wanted = settings_.min_data_rate * static_cast<std::size_t>(active.count());
  if (window_bytes_ < wanted) return end(replies::data_too_slow());
  window_start_ = now_;
  window_bytes_ = 0;
  add_pause(now_ - last_byte);
}

// A further chunk begins: the time since the one before is a pause, and no part of the window.
void Session::Impl::resume_data_clock() {
  const base::Duration pause = now_ - chunk_since_;
  window_start_ += pause;
  data_since_ = now_;
  window_bytes_ += input_.size();
  add_pause(pause);
}

void Session::Impl::add_pause(base::Duration pause) {
  paused_for_ += pause;
  const base::Duration most = std::max(settings_.data_timeout, settings_.command_timeout);
  if (settings_.min_data_rate > 0 && paused_for_ > most) end(replies::data_too_slow());
}

}  // namespace smtp
