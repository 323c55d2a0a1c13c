// SPDX-License-Identifier: Apache-2.0
#include "smtp/reply.h"

#include <algorithm>

#include "base/ascii.h"
#include "smtp/limits.h"

namespace smtp {
namespace {

char safe(char c) { return base::is_printable(c) || c == '\t' ? c : '?'; }

// Takes the next line off `text`: up to a newline, or as much as `room` allows.
std::string take_line(std::string_view& text, std::size_t room) {
  const std::size_t newline = text.find('\n');
  const std::size_t length = std::min({newline, text.size(), room});
  std::string line(text.substr(0, length));
  text.remove_prefix(length == newline ? length + 1 : length);
  std::transform(line.begin(), line.end(), line.begin(), safe);
  return line;
}

}  // namespace

std::string EnhancedStatus::to_string() const {
  return std::to_string(klass) + '.' + std::to_string(subject) + '.' + std::to_string(detail);
}

Reply Reply::with_text(std::string new_text) const {
  Reply changed = *this;
  changed.text = std::move(new_text);
  return changed;
}

std::string Reply::render() const {
  const std::string number = std::to_string(code);
  const std::string prefix = status.klass == 0 ? std::string() : status.to_string() + ' ';
  const std::size_t room = kMaxReplyLine - number.size() - 1 - prefix.size() - 2;
  std::string wire;
  std::string_view rest = text;
  do {
    const std::string line = take_line(rest, room);
    wire += number + (rest.empty() ? ' ' : '-') + prefix + line + "\r\n";
  } while (!rest.empty());
  return wire;
}

}  // namespace smtp
