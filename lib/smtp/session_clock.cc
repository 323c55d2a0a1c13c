// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>

#include "smtp/replies.h"
#include "smtp/session_impl.h"

namespace smtp {
namespace {

constexpr std::chrono::minutes kRateWindow{1};  // of smtp.min_data_rate

}  // namespace

// No clock runs while a question is open: then it is our side that takes the time. The command
// clock runs from the end of the previous command, so that a slow trickle of bytes does not prolong
// it; it runs as well where the peer does not read our replies.
std::optional<base::Instant> Session::Impl::deadline() const {
  if (state_ == State::Closed || is_question(state_)) return std::nullopt;
  return is_receiving() ? data_deadline() : command_deadline();
}

base::Instant Session::Impl::command_deadline() const {
  const base::Instant command = waiting_since_ + settings_.command_timeout;
  return has_recipients() ? command : std::min(command, session_end_);
}

base::Instant Session::Impl::data_deadline() const {
  return std::min<base::Instant>(data_since_ + settings_.data_timeout, window_start_ + kRateWindow);
}

// An answer in between may have set a clock anew: none is put into the future.
void Session::Impl::on_resumed(base::Duration paused_for, base::Instant now) {
  now_ = now;
  for (base::Instant* clock : {&waiting_since_, &data_since_, &window_start_})
    *clock = std::min(*clock + paused_for, now);
}

void Session::Impl::on_time(base::Instant now) {
  now_ = now;
  const auto due = deadline();
  if (!due || now < *due) return;
  if (is_receiving()) return on_data_deadline();
  if (state_ == State::Handshake) return close("timeout");
  end(session_is_over() ? replies::session_too_long() : replies::timed_out());
}

void Session::Impl::start_data_clock() {
  data_since_ = now_;
  window_start_ = now_;
  window_bytes_ = input_.size();
}

void Session::Impl::on_data_deadline() {
  if (now_ >= data_since_ + settings_.data_timeout) return end(replies::timed_out());
  const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(now_ - window_start_);
  const auto wanted = settings_.min_data_rate * static_cast<std::size_t>(elapsed.count());
  if (window_bytes_ < wanted) return end(replies::data_too_slow());
  window_start_ = now_;
  window_bytes_ = 0;
}

}  // namespace smtp
