// SPDX-License-Identifier: Apache-2.0
#include "mail/header_scan.h"

#include <algorithm>

#include "base/ascii.h"
#include "mail/header_fields.h"

namespace mail {
namespace {

constexpr std::string_view kReceived = "received";

bool is_wsp(char c) { return c == ' ' || c == '\t'; }

}  // namespace

void HeaderScan::feed(std::string_view bytes) {
  for (const char c : bytes) {
    if (place_ == Place::Done) return;
    feed(c);
  }
}

void HeaderScan::feed(char c) {
  if (!has_no_header()) ++counts_.bytes;
  if (after_cr_ && c == '\n') return end_line();
  if (after_cr_) add_to_line('\r');
  after_cr_ = c == '\r';
  if (!after_cr_) add_to_line(c);
}

void HeaderScan::end_line() {
  const bool empty = line_size_ == 0;
  if (empty) counts_.bytes -= 2;
  if (first_line_ && place_ != Place::Value) counts_ = {};
  place_ = empty || (first_line_ && place_ != Place::Value) ? Place::Done : Place::LineStart;
  first_line_ = after_cr_ = false;
  line_size_ = 0;
}

void HeaderScan::add_to_line(char c) {
  ++line_size_;
  if (place_ == Place::LineStart) {
    start_line(c);
  } else if (place_ == Place::Name || place_ == Place::BehindName) {
    add_to_name(c);
  }
  // A message without a header has no fields and no lines in it.
  if (has_no_header()) {
    counts_ = {};
  } else {
    counts_.longest_line = std::max(counts_.longest_line, line_size_);
  }
}

void HeaderScan::start_line(char c) {
  if (is_wsp(c)) {
    place_ = first_line_ ? Place::NoField : Place::Value;
    return;
  }
  ++counts_.fields;
  place_ = Place::Name;
  name_size_ = 0;
  is_received_ = true;
  add_to_name(c);
}

// White space before the colon is obsolete, and still read (RFC 5322 section 4.5).
void HeaderScan::add_to_name(char c) {
  if (c == ':' && name_size_ > 0) {
    place_ = Place::Value;
    if (is_received_ && name_size_ == kReceived.size()) ++counts_.received;
  } else if (is_wsp(c)) {
    place_ = Place::BehindName;
  } else if (place_ == Place::BehindName || !is_ftext(c)) {
    place_ = Place::NoField;
  } else {
    is_received_ =
        is_received_ && name_size_ < kReceived.size() && base::to_lower(c) == kReceived[name_size_];
    ++name_size_;
  }
}

}  // namespace mail
