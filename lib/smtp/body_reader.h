// SPDX-License-Identifier: Apache-2.0
// The message out of a DATA stream (RFC 5321 section 4.5.2): finds the end, removes the stuffed
// dots, and judges what may be judged without understanding the message.
//
// The end is CRLF "." CRLF, the CRLF of the DATA command counting as the first, and nothing else:
// whatever other sequence some server somewhere takes for an end (LF "." LF, CR "." CR, and so on)
// is content here, so that no second transaction can be smuggled in. A message that contains a bare
// CR or LF, or a NUL, is refused, but still read to its real end unless that is too far off. Lines
// of any length are taken: the 1000 octets of section 4.5.3.1.6 are what a sender may rely on, and
// real mail is longer.
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

class BodyReader {
 public:
  explicit BodyReader(const Settings& settings) : settings_(&settings) {}

  // Consumes bytes up to the end of the data, or all of them; returns how many. Message bytes are
  // appended to `out` until the message is refused.
  std::size_t read(std::string_view bytes, std::string& out);

  // Reads on for the end only. The first refusal stays.
  void refuse(const Reply& reply);

  // The message was refused, and its end has not come within max_message_size times
  // kRefusedDataFactor: nothing more is read.
  bool too_much() const;

  bool ended() const { return place_ == Place::End; }
  const std::optional<Reply>& refusal() const { return refusal_; }
  std::size_t size() const { return size_; }  // of the message so far; RFC 1870 section 5

 private:
  enum class Place { LineStart, Dot, DotCr, Text, Cr, End };

  std::size_t read_text(std::string_view bytes, std::string& out);
  void step(char c, std::string& out);
  void step_dot(char c, std::string& out);
  void content(char c, std::string& out);
  void bare_lf(std::string& out);
  void refuse_with(Reply (*reply)());
  void put(std::string_view bytes, std::string& out);
  void check_header(std::string_view added);

  const Settings* settings_;
  Place place_ = Place::LineStart;
  std::size_t size_ = 0;
  std::size_t received_ = 0;  // all bytes, stuffed dots and those of a refused message included
  mail::HeaderScan header_;
  std::optional<Reply> refusal_;
};

}  // namespace smtp
