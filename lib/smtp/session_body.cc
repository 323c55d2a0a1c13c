// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "smtp/replies.h"
#include "smtp/session_impl.h"

namespace smtp {

void Session::Impl::begin_body(BodyReader::Framing framing) {
  body_ = std::make_unique<BodyReader>(settings_, framing);
  header_told_ = false;
  paused_for_ = {};
  start_data_clock();
}

void Session::Impl::begin_chunk() {
  const bool was_dropped = is_dropped();
  body_->begin_chunk(chunk_);
  if (is_dropped() && !was_dropped) drop_message();
}

// What the outside says to an event it says before the next step, so that each end is one.
bool Session::Impl::step_body() {
  const bool header_seen = body_->header_complete() || body_->ended();
  if (header_seen && !is_dropped() && !std::exchange(header_told_, true)) {
    events_.emplace_back(HeaderComplete{});
    return true;
  }
  if (body_->ended()) return finish_body(), true;
  if (body_->paused()) return end_chunk(), true;
  if (body_->too_much()) return end(replies::too_much_data()), true;
  if (input_.empty() && body_->needs_bytes()) {
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

void Session::Impl::refuse_message(const Reply& given) {
  if (!body_ || is_dropped()) return;
  body_->refuse(given);
  drop_message();
}

void Session::Impl::finish_body() {
  if (is_dropped()) return end_refused_body();
  const std::size_t size = body_->size();
  body_.reset();
  move(Input::Whole);
  ask(AskMessage{{}, size});
}

// RFC 3030 section 2: after a chunk that failed the transaction has failed, and those that are
// already on their way are read and refused.
void Session::Impl::end_chunk() {
  if (is_dropped()) {
    failed_chunk_ = body_->refusal();
    return end_refused_body();
  }
  move(Input::Part);
  waiting_since_ = now_;
  chunk_since_ = now_;
  reply(replies::chunk_ok(chunk_.octets));
  if (chunk_.octets > 0) return;
  count_idle();
  end_after_errors();
}

void Session::Impl::end_refused_body() {
  const Reply refusal = *body_->refusal();
  body_.reset();
  move(Input::Refused);
  waiting_since_ = now_;
  reply(refusal);
  end_if_told();
}

void Session::Impl::begin_skip(const Reply& given) {
  skip_.emplace(Skip{chunk_.octets, given});
  start_data_clock();
}

bool Session::Impl::step_skip() {
  const std::size_t limit = max_refused_data(settings_.max_message_size);
  const std::size_t here = std::min(input_.size(), limit - skipped_);
  const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(here, skip_->left));
  input_.consume(taken);
  skipped_ += taken;
  skip_->left -= taken;
  if (skip_->left == 0) {
    const Reply given = std::exchange(skip_, std::nullopt)->reply;
    waiting_since_ = now_;
    refuse("BDAT", given);
    end_if_told();
    return end_after_errors(), true;
  }
  if (skipped_ >= limit) return end(replies::too_much_data()), true;
  if (eof_ && input_.empty()) close("eof");
  return taken > 0;
}

}  // namespace smtp
