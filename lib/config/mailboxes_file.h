// SPDX-License-Identifier: Apache-2.0
// A table of mailboxes: one name on each line; empty lines and lines that begin with '#' do not
// count.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/report.h"

namespace config {

// The names in lower case, each once; nothing when a line is bad. Each bad line is in the report.
std::optional<std::vector<std::string>> parse_mailboxes_file(const std::string& path,
                                                             std::string_view content,
                                                             Report& report);

}  // namespace config
