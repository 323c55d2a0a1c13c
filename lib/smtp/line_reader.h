// SPDX-License-Identifier: Apache-2.0
// Command lines out of a byte stream (RFC 5321 section 2.3.8): a line ends in CRLF and in nothing
// else. A line with a CR or LF elsewhere, or one that is too long, is consumed up to its CRLF and
// reported as a whole, so that no part of it can be taken for a command.
//
// Linear in the bytes, whatever the pieces: each is looked at once. NUL is a byte like any other.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace smtp {

class LineReader {
 public:
  enum class Fault { None, BareNewline, TooLong };

  struct Line {
    std::string text;  // without CRLF; of a line with a fault the beginning, not to be executed
    Fault fault = Fault::None;
  };

  // `max_line` in octets, with CRLF.
  explicit LineReader(std::size_t max_line) : max_line_(max_line) {}

  // Consumes bytes up to the end of a line, or all of them; returns how many. When it made a line
  // complete, take() it before the next call.
  std::size_t read(std::string_view bytes);
  bool complete() const { return complete_; }
  bool begun() const { return length_ > 0 || after_cr_ || fault_ != Fault::None; }
  // The beginning of the line: what of it has come, up to the first fault.
  std::string_view text() const { return text_; }
  Line take();

 private:
  void add_text(std::string_view text);
  void add_newline(char c);

  std::size_t max_line_;
  std::size_t length_ = 0;  // of the line so far, faulty parts included
  std::string text_;
  Fault fault_ = Fault::None;
  bool after_cr_ = false;
  bool complete_ = false;
};

}  // namespace smtp
