// SPDX-License-Identifier: Apache-2.0
// Replies of a server, RFC 5321 section 4.2.1, out of a stream.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct evbuffer;

namespace load {

inline constexpr std::size_t kMaxReplyLine = 1024;  // RFC 5321 section 4.5.3.1.5 says 512
inline constexpr std::size_t kMaxReplyLines = 100;

struct Reply {
  int code = 0;
  std::vector<std::string> lines;  // without the code and what separates it

  // "250 2.0.0", or "354" where there is no enhanced status.
  std::string name() const;
  bool offers(std::string_view keyword) const;  // of a reply to EHLO
  std::string_view last_word() const;           // of the last line
};

class ReplyReader {
 public:
  // The next whole reply; nothing when more input is needed, or when failed().
  std::optional<Reply> next(evbuffer& input);
  bool failed() const { return failed_; }  // for good: this is no SMTP server

 private:
  bool add(std::string_view line);

  Reply reply_;
  bool failed_ = false;
};

}  // namespace load
