// SPDX-License-Identifier: Apache-2.0
// A macro-string: first byte how many bytes of client text follow, those, then the string.
#include "auth/spf_macro.h"

#include <string>

#include "fuzz/fuzz.h"

namespace {

using auth::MacroPlace;
using auth::MacroString;
using fuzz::require;

auth::MacroValues values_with(const std::string& text) {
  auth::MacroValues values;
  values.sender = text + "@example.org";
  values.local_part = values.helo = text;
  values.sender_domain = values.domain = "mail.example.org";
  values.client = "192.0.2.1";
  values.validated = "unknown";
  values.version = "in-addr";
  values.readable_client = "192.0.2.1";
  values.receiver = "mx.ours.test";
  values.timestamp = "1795294980";
  return values;
}

void check_expansion(const MacroString& macro, const auth::MacroValues& values,
                     std::size_t size_bytes) {
  // Every byte of a value takes three at most.
  const std::size_t most = 3 * values.sender.size() + 100 + size_bytes;
  const std::string whole = macro.expand(values, SIZE_MAX - 1);
  for (const std::size_t enough : {std::size_t{0}, std::size_t{10}, std::size_t{255}}) {
    const std::string end = macro.expand(values, enough);
    require(end.size() <= enough + most, "an expansion ends when it has enough");
    require(whole.ends_with(end), "what is left out is the beginning");
    require(end.size() > enough || end == whole, "what is not enough is all");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto values = values_with(std::string(input.bytes(input.byte())));
  const std::string_view text = input.rest();
  const auto explanation = MacroString::parse(text, MacroPlace::Explanation);
  const auto modifier = MacroString::parse(text, MacroPlace::Modifier);
  const auto domain = MacroString::parse(text, MacroPlace::DomainSpec);
  require(explanation || !modifier, "an explanation may hold all that a modifier may");
  require(modifier || !domain, "a domain-spec is a macro-string");
  if (explanation) check_expansion(*explanation, values, size);
  if (domain)
    require(!domain->expand(values, SIZE_MAX - 1).empty() || domain->uses('l') || domain->uses('h'),
            "a domain-spec is not empty, but the client's text may be");
  return 0;
}
