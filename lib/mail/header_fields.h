// SPDX-License-Identifier: Apache-2.0
// The fields of a header section (RFC 5322 section 2.2), as views into the bytes of a message,
// which the caller keeps. Nothing is ever written anew: what is not removed goes out byte by byte
// as it came in.
//
// Lines end in CRLF; a CR or LF alone is a character of its line. Threads: one at a time. Errors:
// none; every text is something.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mail {

struct HeaderField {
  std::string_view raw;    // all of it, with folding and the CRLF at its end
  std::string_view name;   // as written; empty: the line is malformed, it has no name and colon
  std::string_view value;  // what stands behind the colon, with folding, without that CRLF
};

class HeaderFields {
 public:
  // `message` is the beginning of a message, up to its empty line at least; what stands behind the
  // line is not looked at. A message that ends before is all header, and what a text cuts off is
  // given as far as it goes. Where the first line is no field the message has no header; an
  // mbox line ("From a@example.net ...") is taken for a malformed one.
  explicit HeaderFields(std::string_view message);

  // What has not been removed, in order. White space before the colon is obsolete (section 4.5),
  // and no part of the name. Names are compared without case.
  const std::vector<HeaderField>& all() const { return fields_; }
  bool empty() const { return fields_.empty(); }
  std::size_t count(std::string_view name) const;
  std::vector<HeaderField> find_all(std::string_view name) const;
  const HeaderField* find(std::string_view name) const;  // the first, or nullptr

  // The section in the text, without the empty line that ends it; what was removed is still there.
  std::string_view section() const { return section_; }
  // All of it, and that line if there is one: the body begins behind so many octets.
  std::size_t size_with_empty_line() const { return size_with_empty_line_; }
  // The message has no header, and its text does not begin with an empty line either: one must
  // stand between the text and fields that are put on top.
  bool needs_empty_line() const { return needs_empty_line_; }

  // Returns how many were removed.
  std::size_t remove_if(const std::function<bool(const HeaderField&)>& unwanted);
  // The section without what was removed: its bytes, in as few pieces as can be.
  std::vector<std::string_view> pieces() const;

 private:
  std::vector<HeaderField> fields_;
  std::string_view section_;
  std::size_t size_with_empty_line_ = 0;
  bool needs_empty_line_ = false;
};

// A malformed line that a mail program may take for the field `name`: for one that passes over
// folds, blanks, control characters and octets beyond ASCII, that is what stands before the colon
// (Chen, Paxson, Jiang, "Composition Kills", 2020).
bool looks_like(const HeaderField& line, std::string_view name);

// A value as one line (section 2.2.3), without white space around it.
std::string unfolded(std::string_view value);

bool is_ftext(char c);  // of a field's name (section 3.6.8)

}  // namespace mail
