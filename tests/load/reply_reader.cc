// SPDX-License-Identifier: Apache-2.0
#include "load/reply_reader.h"

#include <event2/buffer.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/ascii.h"

namespace load {
namespace {

constexpr std::size_t kCodeLength = 3;

struct Free {
  void operator()(char* line) const { std::free(line); }
};

bool is_status(std::string_view word) {
  return word.size() >= 5 && word[1] == '.' && std::all_of(word.begin(), word.end(), [](char c) {
           return base::is_digit(c) || c == '.';
         });
}

}  // namespace

std::string Reply::name() const {
  const std::string_view line = lines.back();
  const std::string_view word = line.substr(0, line.find(' '));
  return std::to_string(code) + (is_status(word) ? ' ' + std::string(word) : "");
}

bool Reply::offers(std::string_view keyword) const {
  return std::any_of(lines.begin(), lines.end(), [&](std::string_view line) {
    return base::iequals(line.substr(0, line.find(' ')), keyword);
  });
}

std::string_view Reply::last_word() const {
  const std::string_view line = lines.back();
  return line.substr(line.rfind(' ') + 1);  // npos + 1 is 0
}

std::optional<Reply> ReplyReader::next(evbuffer& input) {
  while (!failed_) {
    std::size_t length = 0;
    const std::unique_ptr<char, Free> line(
        evbuffer_readln(&input, &length, EVBUFFER_EOL_CRLF_STRICT));
    if (!line) {
      failed_ = evbuffer_get_length(&input) > kMaxReplyLine;
      break;
    }
    const std::string_view text(line.get(), length);
    const bool last = text.size() <= kCodeLength || text[kCodeLength] != '-';
    failed_ = !add(text);
    if (last && !failed_) return std::exchange(reply_, {});
  }
  return std::nullopt;
}

bool ReplyReader::add(std::string_view line) {
  const std::string_view digits = line.substr(0, kCodeLength);
  if (digits.size() < kCodeLength || !std::all_of(digits.begin(), digits.end(), base::is_digit) ||
      line.size() > kMaxReplyLine || reply_.lines.size() == kMaxReplyLines)
    return false;
  reply_.code = std::atoi(std::string(digits).c_str());
  reply_.lines.emplace_back(line.substr(std::min(line.size(), kCodeLength + 1)));
  return true;
}

}  // namespace load
