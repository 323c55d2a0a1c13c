// SPDX-License-Identifier: Apache-2.0
// Counts of a header section while it streams by, for limits. Stops at the empty line; what is not
// yet seen is not kept, so the memory used is constant.
//
// It agrees with HeaderFields (header_fields.h) on what is a line, a field, and a message without a
// header. Threads: one at a time. Errors: none.
#pragma once

#include <cstddef>
#include <string_view>

namespace mail {

struct HeaderCounts {
  std::size_t bytes = 0;         // of the section, without the empty line that ends it
  std::size_t fields = 0;        // lines that do not begin with a blank or tab, malformed ones too
  std::size_t received = 0;      // fields named Received, in any case
  std::size_t longest_line = 0;  // octets without CRLF, of the line so far too
};

class HeaderScan {
 public:
  // The next bytes of the message, in pieces of any size. Lines end in CRLF. Returns how many were
  // read: all, or those up to where it became complete.
  std::size_t feed(std::string_view bytes);

  // Of the section so far; the first line counts until it is seen that it is no field.
  const HeaderCounts& counts() const { return counts_; }
  // The empty line has been seen, or that the message has no header.
  bool complete() const { return place_ == Place::Done; }

 private:
  enum class Place { LineStart, Name, BehindName, Value, Done };

  void no_field();
  bool is_mbox_line() const;
  void feed(char c);
  void end_line();
  void add_to_line(char c);
  void start_line(char c);
  void add_to_name(char c);

  HeaderCounts counts_;
  Place place_ = Place::LineStart;
  bool first_line_ = true;
  bool after_cr_ = false;  // it belongs to the line only if no LF follows
  std::size_t line_size_ = 0;
  std::size_t name_size_ = 0;
  bool is_received_ = true;  // as far as the name has come
  bool is_from_ = true;      // also behind a '>'
  std::size_t from_size_ = 0;
  bool blank_behind_name_ = false;  // and no tab
};

}  // namespace mail
