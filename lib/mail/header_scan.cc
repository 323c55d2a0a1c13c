// SPDX-License-Identifier: Apache-2.0
#include "mail/header_scan.h"

#include <algorithm>

#include "base/ascii.h"
#include "mail/header_fields.h"

namespace mail {
namespace {

constexpr std::string_view kReceived = "received";
constexpr std::string_view kFrom = "From";  // of "From a@example.net Mon Jan ...", an mbox

bool is_wsp(char c) { return c == ' ' || c == '\t'; }

}  // namespace

std::size_t HeaderScan::feed(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && !complete()) feed(bytes[at++]);
  return at;
}

void HeaderScan::feed(char c) {
  ++counts_.bytes;
  if (after_cr_ && c == '\n') return end_line();
  if (after_cr_) add_to_line('\r');
  after_cr_ = c == '\r';
  if (!after_cr_ && !complete()) add_to_line(c);
}

void HeaderScan::end_line() {
  if (line_size_ == 0) {
    counts_.bytes -= 2;
    place_ = Place::Done;
  } else {
    if (place_ == Place::Name || place_ == Place::BehindName) no_field();
    if (!complete()) place_ = Place::LineStart;
  }
  first_line_ = after_cr_ = false;
  line_size_ = 0;
}

void HeaderScan::add_to_line(char c) {
  ++line_size_;
  counts_.longest_line = std::max(counts_.longest_line, line_size_);
  if (place_ == Place::LineStart) {
    start_line(c);
  } else if (place_ == Place::Name || place_ == Place::BehindName) {
    add_to_name(c);
  }
}

// The line has no name and colon. The first line ends the header then, before it began, unless it
// is one of an mbox; further down it is a malformed field.
void HeaderScan::no_field() {
  place_ = Place::Value;
  if (!first_line_ || is_mbox_line()) return;
  counts_ = {};
  place_ = Place::Done;
}

bool HeaderScan::is_mbox_line() const {
  return is_from_ && from_size_ == kFrom.size() && blank_behind_name_;
}

void HeaderScan::start_line(char c) {
  if (is_wsp(c)) {
    is_from_ = false;
    return no_field();
  }
  ++counts_.fields;
  place_ = Place::Name;
  name_size_ = from_size_ = 0;
  is_received_ = is_from_ = true;
  blank_behind_name_ = false;
  add_to_name(c);
}

// White space before the colon is obsolete, and still read (RFC 5322 section 4.5).
void HeaderScan::add_to_name(char c) {
  if (c == ':' && name_size_ > 0) {
    place_ = Place::Value;
    if (is_received_ && name_size_ == kReceived.size()) ++counts_.received;
  } else if (is_wsp(c)) {
    if (place_ == Place::Name) blank_behind_name_ = c == ' ';
    place_ = Place::BehindName;
  } else if (place_ == Place::BehindName || !is_ftext(c)) {
    no_field();
  } else {
    if (name_size_ > 0 || c != '>') {
      is_from_ = is_from_ && from_size_ < kFrom.size() && c == kFrom[from_size_];
      ++from_size_;
    }
    is_received_ =
        is_received_ && name_size_ < kReceived.size() && base::to_lower(c) == kReceived[name_size_];
    ++name_size_;
  }
}

}  // namespace mail
