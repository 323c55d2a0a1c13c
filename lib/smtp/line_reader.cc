// SPDX-License-Identifier: Apache-2.0
#include "smtp/line_reader.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace smtp {

std::size_t LineReader::read(std::string_view bytes) {
  POSTERN_ASSERT(!complete_);
  std::size_t at = 0;
  while (at < bytes.size() && !complete_) {
    const std::size_t special = std::min(bytes.find_first_of("\r\n", at), bytes.size());
    if (special > at) add_text(bytes.substr(at, special - at));
    at = special;
    if (at < bytes.size()) add_newline(bytes[at++]);
  }
  return at;
}

// Text without CR and LF.
void LineReader::add_text(std::string_view text) {
  if (std::exchange(after_cr_, false)) fault_ = Fault::BareNewline;
  length_ += text.size();
  if (fault_ != Fault::None) return;
  text_ += text.substr(0, max_line_ - 2 - text_.size());  // as much, whatever the pieces
  if (length_ + 2 > max_line_) fault_ = Fault::TooLong;
}

void LineReader::add_newline(char c) {
  if (c == '\n' && after_cr_) {
    complete_ = true;
    return;
  }
  if (c == '\n' || after_cr_) fault_ = Fault::BareNewline;
  after_cr_ = c == '\r';
}

LineReader::Line LineReader::take() {
  POSTERN_ASSERT(complete_);
  Line line{std::move(text_), fault_};
  *this = LineReader(max_line_);
  return line;
}

}  // namespace smtp
