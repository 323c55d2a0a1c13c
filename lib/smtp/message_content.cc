// SPDX-License-Identifier: Apache-2.0
#include "smtp/message_content.h"

#include <algorithm>
#include <utility>

#include "smtp/limits.h"
#include "smtp/replies.h"

namespace smtp {
namespace {

constexpr std::string_view kNewline = "\r\n";

bool is_special(char c) { return c == '\r' || c == '\n' || c == '\0'; }

}  // namespace

std::size_t MessageContent::feed(std::string_view bytes, std::string& out) {
  const bool in_header = !header_.complete();
  std::size_t at = 0;
  while (at < bytes.size() && !(in_header && header_.complete()))
    at += feed_some(bytes.substr(at), out);
  return at;
}

void MessageContent::finish(std::string& out) {
  if (std::exchange(after_cr_, false)) refuse_with(replies::bad_newline_in_message);
  if (line_open_) put(kNewline, out);
}

void MessageContent::refuse(const Reply& reply) {
  if (!refusal_) refusal_ = reply;
}

// Makes the reply only when it is wanted: a hostile message has a fault in every byte.
void MessageContent::refuse_with(Reply (*reply)()) {
  if (!refusal_) refusal_ = reply();
}

// What needs no judgement in one piece, or one character that does.
std::size_t MessageContent::feed_some(std::string_view bytes, std::string& out) {
  const auto special = std::find_if(bytes.begin(), bytes.end(), is_special);
  const std::string_view text(bytes.begin(), special);
  if (text.empty()) {
    step(bytes.front(), out);
    return 1;
  }
  if (std::exchange(after_cr_, false)) refuse_with(replies::bad_newline_in_message);
  return put(text, out);
}

// One CR, LF or NUL.
void MessageContent::step(char c, std::string& out) {
  const bool after_cr = std::exchange(after_cr_, c == '\r');
  if (after_cr && c == '\n') {
    put(kNewline, out);
    return;
  }
  if (after_cr) refuse_with(replies::bad_newline_in_message);
  if (c == '\n') bare_lf(out);
  if (c == '\0') refuse_with(replies::nul_in_message);
}

void MessageContent::bare_lf(std::string& out) {
  if (settings_->bare_newline == BareNewline::Reject) {
    refuse_with(replies::bad_newline_in_message);
  } else {
    put(kNewline, out);
  }
}

// Returns how many of the bytes it took: up to the end of the header section, or all. A line end is
// always taken whole.
std::size_t MessageContent::put(std::string_view bytes, std::string& out) {
  if (!header_.complete()) bytes = bytes.substr(0, read_header(bytes));
  size_ += bytes.size();
  line_open_ = bytes != kNewline;
  if (size_ > settings_->max_message_size) refuse_with(replies::message_too_big);
  if (!refusal_) out += bytes;
  return bytes.size();
}

// A first line that is no field takes its counts with it, so its limits are judged where they are
// passed, whatever the pieces.
std::size_t MessageContent::read_header(std::string_view bytes) {
  const std::size_t first_judged = std::min(settings_->max_header_size, kMaxHeaderLine) + 1;
  std::size_t read = 0;
  while (read < bytes.size() && !header_.complete()) {
    const std::size_t before = header_.counts().bytes;
    // A line end is judged as a whole: that of the empty line does not count.
    const bool in_parts = before < first_judged && bytes != kNewline;
    const std::size_t most = in_parts ? first_judged - before : bytes.size();
    read += header_.feed(bytes.substr(read, most));
    judge_header();
  }
  return read;
}

void MessageContent::judge_header() {
  const mail::HeaderCounts& counts = header_.counts();
  if (counts.bytes > settings_->max_header_size || counts.fields > settings_->max_header_fields ||
      counts.longest_line > kMaxHeaderLine) {
    refuse_with(replies::header_too_big);
  }
  // RFC 5321 section 6.3: the count of Received fields is how a loop shows.
  if (counts.received > settings_->max_received_headers) refuse_with(replies::mail_loop);
}

}  // namespace smtp
