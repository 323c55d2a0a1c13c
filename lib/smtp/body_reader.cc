// SPDX-License-Identifier: Apache-2.0
#include "smtp/body_reader.h"

#include <algorithm>

#include "smtp/limits.h"
#include "smtp/replies.h"

namespace smtp {
namespace {

bool is_special(char c) { return c == '\r' || c == '\n' || c == '\0'; }

}  // namespace

std::size_t BodyReader::read(std::string_view bytes, std::string& out) {
  std::size_t at = 0;
  while (at < bytes.size() && !ended() && !too_much()) {
    std::size_t taken = 1;
    if (place_ == Place::Text) {
      taken = read_text(bytes.substr(at), out);
    } else {
      step(bytes[at], out);
    }
    at += taken;
    received_ += taken;
  }
  return at;
}

// Counted from the first byte, not from the refusal: how soon that is seen depends on the pieces.
bool BodyReader::too_much() const {
  return refusal_ && !ended() && received_ >= kRefusedDataFactor * settings_->max_message_size;
}

void BodyReader::refuse(const Reply& reply) {
  if (!refusal_) refusal_ = reply;
}

// Makes the reply only when it is wanted: a hostile message has a fault in every byte.
void BodyReader::refuse_with(Reply (*reply)()) {
  if (!refusal_) refusal_ = reply();
}

// The inside of a line in one piece, or the one special byte that ends it.
std::size_t BodyReader::read_text(std::string_view bytes, std::string& out) {
  const auto special = std::find_if(bytes.begin(), bytes.end(), is_special);
  if (special == bytes.begin()) {
    step(bytes.front(), out);
    return 1;
  }
  put({bytes.begin(), special}, out);
  return static_cast<std::size_t>(special - bytes.begin());
}

void BodyReader::step(char c, std::string& out) {
  switch (place_) {
    case Place::LineStart:
      if (c == '.') {
        place_ = Place::Dot;
      } else {
        content(c, out);
      }
      return;
    case Place::Dot:
    case Place::DotCr:
      return step_dot(c, out);
    case Place::Cr:
      if (c == '\n') {
        put("\r\n", out);
        place_ = Place::LineStart;
      } else {
        refuse_with(replies::bad_newline_in_message);
        content(c, out);
      }
      return;
    case Place::Text:
      return content(c, out);
    case Place::End:
      return;
  }
}

// Behind a dot that begins a line. Unless the data ends here the dot was stuffed, and goes.
void BodyReader::step_dot(char c, std::string& out) {
  if (place_ == Place::Dot && c == '\r') {
    place_ = Place::DotCr;
  } else if (place_ == Place::DotCr && c == '\n') {
    place_ = Place::End;
  } else {
    if (place_ == Place::DotCr) refuse_with(replies::bad_newline_in_message);
    content(c, out);
  }
}

void BodyReader::content(char c, std::string& out) {
  place_ = Place::Text;
  if (c == '\r') {
    place_ = Place::Cr;
  } else if (c == '\n') {
    bare_lf(out);
  } else if (c == '\0') {
    refuse_with(replies::nul_in_message);
  } else {
    put({&c, 1}, out);
  }
}

// Also where it becomes a line end, the next line has not begun for the protocol: a dot there is
// content (Place::Text), so that LF "." CRLF ends nothing.
void BodyReader::bare_lf(std::string& out) {
  if (settings_->bare_newline == BareNewline::Reject) {
    refuse_with(replies::bad_newline_in_message);
  } else {
    put("\r\n", out);
  }
}

void BodyReader::put(std::string_view bytes, std::string& out) {
  size_ += bytes.size();
  if (!header_.complete()) check_header(bytes);
  if (size_ > settings_->max_message_size) refuse_with(replies::message_too_big);
  if (!refusal_) out += bytes;
}

void BodyReader::check_header(std::string_view added) {
  header_.feed(added);
  const mail::HeaderCounts& counts = header_.counts();
  if (counts.bytes > settings_->max_header_size || counts.fields > settings_->max_header_fields) {
    refuse_with(replies::header_too_big);
  }
  // RFC 5321 section 6.3: the count of Received fields is how a loop shows.
  if (counts.received > settings_->max_received_headers) refuse_with(replies::mail_loop);
}

}  // namespace smtp
