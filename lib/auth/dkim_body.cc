// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim_body.h"

#include <algorithm>

namespace auth {
namespace {

constexpr std::string_view kNewline = "\r\n";

bool is_line_end(char c) { return c == '\r' || c == '\n'; }

// Sees each CR and LF; what stands between is skipped fast.
class LineEnds {
 public:
  // False: one stands alone.
  bool feed(std::string_view piece) {
    while (!piece.empty()) {
      if (after_cr_ != (piece.front() == '\n')) return false;
      after_cr_ = piece.front() == '\r';
      at_line_start_ = piece.front() == '\n';
      piece.remove_prefix(1);
      if (after_cr_) continue;
      const auto text = static_cast<std::size_t>(
          std::find_if(piece.begin(), piece.end(), is_line_end) - piece.begin());
      at_line_start_ = at_line_start_ && text == 0;
      piece.remove_prefix(text);
    }
    return true;
  }
  bool at_line_start() const { return at_line_start_; }
  bool after_cr() const { return after_cr_; }

 private:
  bool after_cr_ = false;
  bool at_line_start_ = true;
};

}  // namespace

bool read_body(BodySource& body, const std::function<void(std::string_view)>& take) {
  LineEnds line_ends;
  std::size_t offset = 0;
  for (auto piece = body.at(0); !piece.empty(); piece = body.at(offset)) {
    if (!line_ends.feed(piece)) return false;
    offset += piece.size();
    take(piece);
  }
  if (line_ends.after_cr()) return false;
  if (!line_ends.at_line_start()) take(kNewline);
  return true;
}

void CanonicalLengths::feed(std::string_view piece) {
  for (const char c : piece) feed(c);
}

void CanonicalLengths::feed(char c) {
  ++size_;
  if (c == '\r') return;
  if (c != '\n') {
    line_is_empty_ = false;
    const bool is_space = c == ' ' || c == '\t';
    // Section 3.4.4: a run of white space is one octet, unless the line ends behind it.
    if (!is_space) line_ += space_ ? 2 : 1;
    space_ = is_space;
    return;
  }
  if (!line_is_empty_) simple_ = size_;
  if (line_ == 0) {
    ++empty_lines_;
  } else {
    relaxed_ += kNewline.size() * (empty_lines_ + 1) + line_;
    empty_lines_ = 0;
  }
  line_ = 0;
  line_is_empty_ = true;
  space_ = false;
}

// Section 3.4.3: an empty body is one CRLF when simple; section 3.4.4: nothing when relaxed.
std::uint64_t CanonicalLengths::of(DkimCanonicalization canonicalization) const {
  if (canonicalization == DkimCanonicalization::Relaxed) return relaxed_;
  return std::max<std::uint64_t>(simple_, kNewline.size());
}

}  // namespace auth
