// SPDX-License-Identifier: Apache-2.0
// A table of answers as text, as --replay reads it.
#include "dns/answer_text.h"

#include <string>

#include "dns/name.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::Input(data, size).rest();
  const auto table = dns::from_text(text);
  if (table) {
    const auto again = dns::from_text(dns::to_text(*table));
    fuzz::require(again && *again == *table, "a table can be said again");
    for (const auto& [question, answer] : table->entries())
      fuzz::require(dns::normalized_name(question.name) == question.name, "a name can be asked");
  } else {
    fuzz::require(table.error().reason.starts_with("line "), "a mistake has a line");
  }
  if (const auto name = dns::normalized_name(text))
    fuzz::require(dns::from_presentation(dns::presentation(*name)) == name,
                  "a name can be presented");
  return 0;
}
