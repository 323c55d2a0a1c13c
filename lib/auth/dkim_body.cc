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

}  // namespace auth
