// SPDX-License-Identifier: Apache-2.0
// The body of a message, as DKIM looks at it. It is never whole in memory because of us: it comes
// in pieces, as often as it is asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "auth/dkim_signature.h"

namespace auth {

// What stands behind the empty line. Lines end in CRLF.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Octets from `offset` on, as many as is convenient; none behind the end, and only there. Valid
  // until the next call. Always the same octets.
  virtual std::string_view at(std::size_t offset) = 0;
};

// All of it is in memory. `text` must outlive it.
class TextBody : public BodySource {
 public:
  explicit TextBody(std::string_view text) : text_(text) {}
  std::string_view at(std::size_t offset) override { return text_.substr(offset); }

 private:
  std::string_view text_;
};

// Gives all pieces to `take`, with the CRLF that a last line lacks (RFC 6376 sections 3.4.3 and
// 3.4.4). False: a CR or LF stands alone; not all may have been given then.
bool read_body(BodySource& body, const std::function<void(std::string_view)>& take);

// How many octets a canonical body has, without making it (RFC 6376 section 3.4).
class CanonicalLengths {
 public:
  // Pieces of any size, of a body whose last line ends in CRLF.
  void feed(std::string_view piece);
  std::uint64_t of(DkimCanonicalization canonicalization) const;

 private:
  void feed(char c);

  std::uint64_t size_ = 0;         // of what was fed
  std::uint64_t simple_ = 0;       // up to the end of the last line that is not empty
  std::uint64_t relaxed_ = 0;      // likewise, of the lines before this one
  std::uint64_t empty_lines_ = 0;  // that are empty when relaxed, since then
  std::uint64_t line_ = 0;         // octets of this line, relaxed, without white space at its end
  bool line_is_empty_ = true;
  bool space_ = false;  // white space at the end of the line so far
};

}  // namespace auth
