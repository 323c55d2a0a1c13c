// SPDX-License-Identifier: Apache-2.0
// The canonical forms of a message that DKIM hashes (RFC 6376 sections 3.4 and 3.7), made by code
// of our own.
//
// White space is blanks and tabs, and CRLF before one in a header field; nothing else. Any thread.
// No errors.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "auth/dkim_signature.h"
#include "mail/header_fields.h"

namespace auth {

// With the CRLF at its end. The field has a name, and no CR or LF alone.
std::string canonical_field(const mail::HeaderField& field, DkimCanonicalization form);

// Without the CRLF at its end, and without the value of b=. The field is a DKIM-Signature that was
// found well-formed.
std::string canonical_signature(const mail::HeaderField& field, DkimCanonicalization form);

// Makes the canonical form of a body as it comes, and keeps none of it.
class CanonicalBody {
 public:
  // `take` gets it in pieces, all of them when finish() has returned.
  CanonicalBody(DkimCanonicalization form, std::function<void(std::string_view)> take);

  // Pieces of any size, of a body whose last line ends in CRLF.
  void feed(std::string_view piece);
  void finish();
  std::uint64_t size() const { return size_; }  // of what came out, in octets

 private:
  void feed(char c);
  void put(char c);
  void put_newline();
  void flush();

  const bool relaxed_;
  const std::function<void(std::string_view)> take_;
  std::array<char, 4096> out_;
  std::size_t out_size_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t empty_lines_ = 0;  // that come out only if another line follows
  bool in_line_ = false;           // something of this line has come out
  bool space_ = false;             // relaxed: white space that comes out only if the line goes on
};

}  // namespace auth
