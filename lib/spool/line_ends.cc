// SPDX-License-Identifier: Apache-2.0
#include "spool/line_ends.h"

#include <utility>

namespace spool {

void LineEnds::convert(std::string_view input, std::string& out) {
  while (!input.empty()) {
    const std::size_t lf = input.find('\n');
    const bool ended = lf != std::string_view::npos;
    std::string_view line = input.substr(0, lf);
    const bool held_cr = std::exchange(held_cr_, false);
    if (held_cr && !line.empty()) append("\r", out);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
      held_cr_ = !ended;
    }
    append(line, out);
    if (!ended) return;
    if (last_ != '\r') ++bare_lfs_;
    append("\n", out);
    input.remove_prefix(lf + 1);
  }
}

void LineEnds::finish(std::string& out) {
  if (std::exchange(held_cr_, false)) append("\r", out);
}

void LineEnds::append(std::string_view bytes, std::string& out) {
  if (bytes.empty()) return;
  out.append(bytes);
  last_ = bytes.back();
  stored_bytes_ += bytes.size();
}

}  // namespace spool
