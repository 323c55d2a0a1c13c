// SPDX-License-Identifier: Apache-2.0
#include "config/mailboxes_file.h"

#include <algorithm>
#include <cstddef>
#include <unordered_set>

#include "base/ascii.h"
#include "config/values.h"

namespace config {
namespace {

std::string_view take_line(std::string_view& content) {
  const std::size_t end = std::min(content.find('\n'), content.size());
  std::string_view line = content.substr(0, end);
  content.remove_prefix(std::min(end + 1, content.size()));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return base::trim(line);
}

}  // namespace

std::optional<std::vector<std::string>> parse_mailboxes_file(const std::string& path,
                                                             std::string_view content,
                                                             Report& report) {
  std::vector<std::string> names;
  std::unordered_set<std::string> seen;
  bool fine = true;
  for (unsigned number = 1; !content.empty(); ++number) {
    const std::string_view line = take_line(content);
    if (line.empty() || line.front() == '#') continue;
    Complaint complaint = check_mailbox_name(line);
    std::string name = base::lower(line);
    if (!complaint && !seen.insert(name).second) complaint = "is listed twice";
    if (complaint) report.error_in(path, number, line, quoted(line) + ' ' + *complaint);
    fine = fine && !complaint;
    names.push_back(std::move(name));
  }
  if (!fine) return {};
  return names;
}

}  // namespace config
