// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/verify_record.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "daemon/ctl/tables.h"
#include "dns/answer_text.h"

namespace ctl {
namespace {

constexpr std::string_view kTime = "; time ";

// What is no time there is a remark, as every line that begins so.
std::optional<base::WallTime> time_in(std::string_view text) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const auto line = text.substr(begin, end - begin);
    if (line.starts_with(kTime))
      if (const auto time = base::parse_utc(line.substr(kTime.size()))) return time;
    begin = end + 1;
  }
  return std::nullopt;
}

}  // namespace

std::string record_of(const auth::SessionFacts& facts, const std::vector<Lookup>& lookups) {
  dns::AnswerTable table;
  for (const Lookup& lookup : lookups) table.add(lookup.question, lookup.answer);
  const auto& sender = facts.mail_from;
  return "; client " + facts.client.to_string() + "\n; helo " + for_terminal(facts.helo) +
         "\n; from <" + (sender ? for_terminal(sender->to_string()) : "") + ">\n" +
         std::string(kTime) + base::utc_text(facts.time) + '\n' + dns::to_text(table);
}

base::Result<Record> parse_record(const std::string& text) {
  auto answers = dns::from_text(text);
  if (!answers) return answers.error();
  return Record{std::move(*answers), time_in(text)};
}

}  // namespace ctl
