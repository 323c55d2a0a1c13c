// SPDX-License-Identifier: Apache-2.0
// Lines of local data, and questions for the names in them.
#include "dns/local_data.h"

#include <vector>

#include "dns/answer_check.h"
#include "fuzz/fuzz.h"

namespace {

void ask(const dns::LocalData& data, const std::string& name) {
  for (unsigned type = 0; type <= static_cast<unsigned>(dns::Type::Last_); ++type) {
    auto question = dns::Question::about(name, static_cast<dns::Type>(type));
    if (!question) return;
    const auto answer = data.find(*question);
    fuzz::require(dns::Question::about(question->name, question->type) == question,
                  "a question stays one that can be asked");
    if (answer) fuzz::require(dns::can_answer(*answer, *question), "an answer is as answer.h says");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string_view rest = fuzz::Input(bytes, size).rest();
  std::vector<std::string> lines;
  while (!rest.empty()) {
    lines.emplace_back(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(std::min(lines.back().size() + 1, rest.size()));
  }
  dns::LocalData data;
  for (const std::string& line : lines)
    if (const auto added = data.add(line); !added)
      fuzz::require(!added.error().reason.empty(), "a mistake has a reason");
  for (const std::string& line : lines) {
    const std::string name = line.substr(0, line.find(' '));
    ask(data, name);
    ask(data, "below." + name);
  }
  return 0;
}
