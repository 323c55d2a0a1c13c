// SPDX-License-Identifier: Apache-2.0
// What stands behind "v=spf1 " in a TXT record.
#include "auth/spf_record.h"

#include <string>
#include <variant>

#include "base/ascii.h"
#include "fuzz/fuzz.h"

namespace {

using fuzz::require;

bool is_printable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), base::is_printable);
}

bool is_record(const std::string& terms) {
  const auto record = auth::parse_spf_record("v=spf1 " + terms);
  return std::holds_alternative<auth::SpfRecord>(record);
}

void check_directive(const auth::SpfDirective& directive) {
  require(is_printable(directive.text), "a directive is printable");
  require(directive.text.size() <= 103, "a directive is not long in a report");
  require(directive.prefix4_bits <= 32 && directive.prefix6_bits <= 128, "a prefix is one");
  if (directive.text.ends_with("...")) return;
  const auto again = auth::parse_spf_record("v=spf1 " + directive.text);
  const auto* record = std::get_if<auth::SpfRecord>(&again);
  require(record != nullptr && record->directives.size() == 1, "a directive is a record");
  const auto& same = record->directives.front();
  require(same.mechanism == directive.mechanism && same.result == directive.result &&
              same.address == directive.address && same.text == directive.text &&
              same.target.has_value() == directive.target.has_value(),
          "a directive says the same alone");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string terms(fuzz::Input(data, size).rest());
  const auto parsed = auth::parse_spf_record("v=spf1 " + terms);
  const bool valid = std::holds_alternative<auth::SpfRecord>(parsed);
  if (const auto* error = std::get_if<auth::SpfSyntaxError>(&parsed)) {
    require(!error->reason.empty() && error->reason.size() < 200, "a reason is there, and short");
    require(is_printable(error->reason), "a reason is printable");
  } else {
    for (const auto& directive : std::get<auth::SpfRecord>(parsed).directives)
      check_directive(directive);
  }
  if (size + 20 < auth::kMaxSpfRecord) {
    require(is_record(terms + "  -all ") == valid, "a mistake is one wherever it stands");
    require(is_record(" a " + terms) == valid, "what stands before changes nothing");
    require(!is_record(terms + " moo"), "no record has such a mechanism");
  }
  return 0;
}
