// SPDX-License-Identifier: Apache-2.0
#include "smtp/dot_reader.h"

namespace smtp {

std::size_t DotReader::read(std::string_view bytes, MessageContent& content, std::string& out) {
  const bool in_header = !content.header_complete();
  std::size_t at = 0;
  while (at < bytes.size() && !ended() && !(in_header && content.header_complete())) {
    at += read_dot(bytes[at], content, out) ? 1 : read_line(bytes.substr(at), content, out);
  }
  return at;
}

// At a dot that begins a line, and behind it; false: `c` is content. Unless the data ends here the
// dot was stuffed, and goes.
bool DotReader::read_dot(char c, MessageContent& content, std::string& out) {
  switch (place_) {
    case Place::LineStart:
      if (c != '.') return false;
      place_ = Place::Dot;
      return true;
    case Place::Dot:
      place_ = c == '\r' ? Place::DotCr : Place::Text;
      return c == '\r';
    case Place::DotCr:
      place_ = c == '\n' ? Place::End : Place::Cr;
      if (!ended()) content.feed("\r", out);
      return ended();
    default:
      return false;
  }
}

// Up to the end of the line. A line ends in CRLF only: behind a bare LF a dot is content, also
// where the LF becomes a line end of the message, so that LF "." CRLF ends nothing.
std::size_t DotReader::read_line(std::string_view bytes, MessageContent& content,
                                 std::string& out) {
  const std::size_t newline = bytes.find('\n');
  std::string_view line = bytes.substr(0, newline == bytes.npos ? newline : newline + 1);
  line = line.substr(0, content.feed(line, out));
  const bool after_cr = line.size() > 1 ? line[line.size() - 2] == '\r' : place_ == Place::Cr;
  if (line.back() == '\n') {
    place_ = after_cr ? Place::LineStart : Place::Text;
  } else {
    place_ = line.back() == '\r' ? Place::Cr : Place::Text;
  }
  return line.size();
}

}  // namespace smtp
