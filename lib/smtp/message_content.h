// SPDX-License-Identifier: Apache-2.0
// The octets of a message as they come, however they are framed: judges what may be judged without
// understanding the message, and gives them out with CRLF line ends.
//
// A message that contains a bare CR or LF, or a NUL, is refused. Lines of the body may have any
// length: the 1000 octets of RFC 5321 section 4.5.3.1.6 are what a sender may rely on, and real
// mail is longer.
//
// Linear in the bytes, whatever the pieces. Threads: one at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "mail/header_scan.h"
#include "smtp/reply.h"
#include "smtp/settings.h"

namespace smtp {

class MessageContent {
 public:
  explicit MessageContent(const Settings& settings) : settings_(&settings) {}

  // Consumes bytes up to where the header section ends, or it is seen that there is none, or all of
  // them; returns how many. They are appended to `out` until the message is refused.
  std::size_t feed(std::string_view bytes, std::string& out);
  // Nothing more comes: adds the CRLF that a last line without one lacks.
  void finish(std::string& out);

  // Reads on without appending. The first refusal stays.
  void refuse(const Reply& reply);

  const std::optional<Reply>& refusal() const { return refusal_; }
  std::size_t size() const { return size_; }  // of the message so far; RFC 1870 section 5
  bool header_complete() const { return header_.complete(); }

 private:
  void step(char c, std::string& out);
  std::size_t feed_some(std::string_view bytes, std::string& out);
  void bare_lf(std::string& out);
  void refuse_with(Reply (*reply)());
  std::size_t put(std::string_view bytes, std::string& out);
  std::size_t read_header(std::string_view bytes);
  void judge_header();

  const Settings* settings_;
  bool after_cr_ = false;
  bool line_open_ = false;  // the line has begun and not ended
  std::size_t size_ = 0;
  mail::HeaderScan header_;
  std::optional<Reply> refusal_;
};

}  // namespace smtp
