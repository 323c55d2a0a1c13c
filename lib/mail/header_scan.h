// SPDX-License-Identifier: Apache-2.0
// Counts of a header section while it streams by: size, fields, Received fields. Stops at the empty
// line; what is not yet seen is not kept, so the memory used is constant.
//
// Threads: one at a time. Errors: none; anything that stands before the empty line is header.
#pragma once

#include <cstddef>
#include <string_view>

namespace mail {

struct HeaderCounts {
  std::size_t bytes = 0;     // of the section, without the empty line that ends it
  std::size_t fields = 0;    // lines that do not begin with a blank or tab (RFC 5322 section 2.2.3)
  std::size_t received = 0;  // fields named Received, in any case
};

class HeaderScan {
 public:
  // The next bytes of the message, in pieces of any size. Lines end in CRLF.
  void feed(std::string_view bytes);

  const HeaderCounts& counts() const { return counts_; }
  bool complete() const { return place_ == Place::Done; }

 private:
  enum class Place { LineStart, EmptyLine, Name, BehindName, Rest, Done };

  void feed(char c);
  void start_line(char c);
  void feed_name(char c);

  HeaderCounts counts_;
  Place place_ = Place::LineStart;
  std::size_t matched_ = 0;  // characters of "received" seen
};

}  // namespace mail
