// SPDX-License-Identifier: Apache-2.0
// The fields of a header section, against the counts of the same text as it streams by. First byte:
// the pieces; second: which fields are removed.
#include "mail/header_fields.h"

#include "base/ascii.h"
#include "fuzz/fuzz.h"
#include "mail/delivered_to.h"
#include "mail/header_scan.h"

namespace {

using fuzz::require;

constexpr std::size_t kMostPiece = 20;

std::string joined(const mail::HeaderFields& header) {
  std::string text;
  for (const std::string_view piece : header.pieces()) text += piece;
  return text;
}

std::size_t longest_line(std::string_view section) {
  std::size_t longest = 0;
  while (!section.empty()) {
    const std::size_t end = section.find("\r\n");
    longest = std::max(longest, end);
    section.remove_prefix(end + 2);
  }
  return longest;
}

void check_scan(const mail::HeaderScan& scan, const mail::HeaderFields& header,
                std::string_view text) {
  const mail::HeaderCounts& counts = scan.counts();
  const std::string_view section = header.section();
  require(counts.bytes == section.size(), "bytes of the header");
  require(counts.fields == header.all().size(), "fields of the header");
  require(counts.received == header.count("Received"), "Received fields");
  require(counts.longest_line == longest_line(section), "the longest line");
  const bool has_end = section.size() < text.size();
  require(scan.complete() == has_end, "the end of the header");
}

void check_fields(const mail::HeaderFields& header, std::string_view text) {
  require(text.starts_with(header.section()), "the section is the beginning of the text");
  require(joined(header) == header.section(), "what goes out is what came in");
  require(!header.needs_empty_line() || header.section().empty(), "a text has no section");
  const std::string_view behind = text.substr(header.section().size());
  require(behind.empty() || header.needs_empty_line() != behind.starts_with("\r\n"),
          "the section ends with the empty line");
  for (const mail::HeaderField& field : header.all()) {
    require(field.raw.ends_with("\r\n"), "a field ends with its line");
    require(header.find(field.name) != nullptr, "a field is found by its name");
    const std::string value = mail::unfolded(field.value);
    require(value.find("\r\n") == std::string::npos, "an unfolded value is one line");
    require(value == base::trim(value), "an unfolded value has no blanks around it");
  }
}

void check_removal(mail::HeaderFields header, std::uint8_t mask) {
  std::string expected;
  std::size_t removed = 0;
  std::size_t number = 0;
  const auto unwanted = [&](const mail::HeaderField& field) {
    const bool wanted = (mask >> (number++ % 8) & 1) == 0;
    if (wanted) expected += field.raw;
    if (!wanted) ++removed;
    return !wanted;
  };
  const std::size_t before = header.all().size();
  require(header.remove_if(unwanted) == removed, "the number of fields removed");
  require(header.all().size() == before - removed, "the others are left");
  require(joined(header) == expected, "the others go out as they came in");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t seed = input.byte();
  const std::uint8_t mask = input.byte();
  const std::string text = std::string(input.rest()) + "\r\n";
  const mail::HeaderFields header(text);
  check_fields(header, text);
  check_removal(header, mask);
  mail::DeliveredTo(header).names({"info", "ours.test", false});

  mail::HeaderScan whole;
  whole.feed(text);
  check_scan(whole, header, text);
  mail::HeaderScan cut;
  fuzz::in_pieces(text, seed, kMostPiece, [&](std::string_view piece) { cut.feed(piece); });
  check_scan(cut, header, text);
  return 0;
}
