// SPDX-License-Identifier: Apache-2.0
#include "mail/header_scan.h"

#include "base/ascii.h"

namespace mail {
namespace {

constexpr std::string_view kReceived = "received";

}  // namespace

void HeaderScan::feed(std::string_view bytes) {
  for (const char c : bytes) {
    if (place_ == Place::Done) return;
    feed(c);
  }
}

void HeaderScan::feed(char c) {
  ++counts_.bytes;
  if (place_ == Place::EmptyLine && c == '\n') {
    counts_.bytes -= 2;
    place_ = Place::Done;
  } else if (c == '\n') {
    place_ = Place::LineStart;
  } else if (place_ == Place::LineStart) {
    start_line(c);
  } else if (place_ == Place::Name || place_ == Place::BehindName) {
    feed_name(c);
  }
}

void HeaderScan::start_line(char c) {
  matched_ = 0;
  if (c == '\r') {
    place_ = Place::EmptyLine;
  } else if (c == ' ' || c == '\t') {
    place_ = Place::Rest;
  } else {
    ++counts_.fields;
    place_ = Place::Name;
    feed_name(c);
  }
}

// The name may stand before blanks and the colon: obs-received, RFC 5322 section 4.5.7.
void HeaderScan::feed_name(char c) {
  const bool whole = matched_ == kReceived.size();
  if (whole && c == ':') {
    ++counts_.received;
    place_ = Place::Rest;
  } else if (whole && (c == ' ' || c == '\t')) {
    place_ = Place::BehindName;
  } else if (place_ == Place::Name && !whole && base::to_lower(c) == kReceived[matched_]) {
    ++matched_;
  } else {
    place_ = Place::Rest;
  }
}

}  // namespace mail
