// SPDX-License-Identifier: Apache-2.0
// Counts of a header section, against a slow reading of the same text. First byte: the pieces.
#include "mail/header_scan.h"

#include "base/ascii.h"
#include "fuzz/fuzz.h"

namespace {

constexpr std::size_t kMostPiece = 20;

// The scan is promised lines that end in CRLF and no other CR or LF.
std::string with_crlf(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\r') continue;
    if (c == '\n') result += '\r';
    result += c;
  }
  return result;
}

bool is_received(std::string_view line) {
  const std::string_view name = line.substr(0, line.find(':'));
  if (name.size() == line.size()) return false;
  return base::iequals(name.substr(0, name.find_last_not_of(" \t") + 1), "received");
}

struct Counts {
  mail::HeaderCounts counts;
  bool complete = false;
};

Counts slowly(std::string_view text) {
  Counts result;
  while (!text.empty() && !result.complete) {
    const std::size_t end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    const std::size_t used = end == std::string_view::npos ? line.size() : line.size() + 2;
    result.complete = line.empty() && end == 0;
    text.remove_prefix(used);
    if (result.complete) break;
    result.counts.bytes += used;
    if (line.front() == ' ' || line.front() == '\t') continue;
    ++result.counts.fields;
    if (is_received(line)) ++result.counts.received;
  }
  return result;
}

void check(const mail::HeaderScan& scan, const Counts& expected) {
  using fuzz::require;
  require(scan.complete() == expected.complete, "the end of the header");
  require(scan.counts().bytes == expected.counts.bytes, "bytes of the header");
  require(scan.counts().fields == expected.counts.fields, "fields of the header");
  require(scan.counts().received == expected.counts.received, "Received fields");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t seed = input.byte();
  const std::string text = with_crlf(input.rest());
  const Counts expected = slowly(text);
  mail::HeaderScan whole;
  whole.feed(text);
  check(whole, expected);
  mail::HeaderScan cut;
  fuzz::in_pieces(text, seed, kMostPiece, [&](std::string_view piece) { cut.feed(piece); });
  check(cut, expected);
  return 0;
}
