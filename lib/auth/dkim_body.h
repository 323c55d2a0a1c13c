// SPDX-License-Identifier: Apache-2.0
// The body of a message, as DKIM looks at it. It is never whole in memory because of us: it comes
// in pieces, as often as it is asked for.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

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

}  // namespace auth
