// SPDX-License-Identifier: Apache-2.0
// The framing of DATA (RFC 5321 section 4.5.2): finds the end and removes the stuffed dots.
//
// The end is CRLF "." CRLF, the CRLF of the DATA command counting as the first, and nothing else:
// whatever other sequence some server somewhere takes for an end (LF "." LF, CR "." CR, and so on)
// is content here, so that no second transaction can be smuggled in.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "smtp/message_content.h"

namespace smtp {

class DotReader {
 public:
  // Consumes bytes up to the end of the data or of the header section, or all of them; returns how
  // many. What is content goes to `content` and so to `out`.
  std::size_t read(std::string_view bytes, MessageContent& content, std::string& out);
  bool ended() const { return place_ == Place::End; }

 private:
  enum class Place { LineStart, Dot, DotCr, Text, Cr, End };

  bool read_dot(char c, MessageContent& content, std::string& out);
  std::size_t read_line(std::string_view bytes, MessageContent& content, std::string& out);

  Place place_ = Place::LineStart;
};

}  // namespace smtp
