// SPDX-License-Identifier: Apache-2.0
// A reply: three-digit code (RFC 5321 section 4.2), enhanced status (RFC 2034, RFC 3463), text, and
// a stable token that names the reason in our log. All replies we send are in replies.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smtp {

struct EnhancedStatus {
  std::uint8_t klass = 0;  // 2, 4 or 5; 0: this reply carries none (RFC 2034 section 4)
  std::uint8_t subject = 0;
  std::uint16_t detail = 0;
  bool operator==(const EnhancedStatus&) const = default;
  std::string to_string() const;
};

struct Reply {
  int code = 0;
  EnhancedStatus status;
  std::string text;         // '\n' separates the lines of a multi-line reply
  std::string_view reason;  // of static lifetime: "no_such_user"; empty for plain success

  bool positive() const { return code < 400; }
  bool temporary() const { return code >= 400 && code < 500; }
  bool operator==(const Reply&) const = default;
  Reply with_text(std::string new_text) const;

  // On the wire, each line "CODE[-| ][x.y.z ]text CRLF", within kMaxReplyLine; bytes that a reply
  // may not carry (RFC 5321 section 4.2: anything but tab and printable ASCII) become '?'.
  std::string render() const;
};

}  // namespace smtp
