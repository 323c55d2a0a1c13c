// SPDX-License-Identifier: Apache-2.0
// The server's answers for people. Pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ctl {

// What a command came to, with line ends. Throws json::exception when members are missing or of
// another type.
std::string table_of(std::string_view command, const nlohmann::json& result);

// Rows of cells in columns; the last column is as wide as it likes. All rows have as many cells.
std::string aligned(const std::vector<std::vector<std::string>>& rows);

// All but printable ASCII as \xNN: the server has done so with what strangers sent, and is not
// believed. Text that is escaped already stays as it is.
std::string for_terminal(std::string_view text);

// "4 s", "12 min", "3 h 5 min", "9 d 4 h".
std::string age(long long seconds);

}  // namespace ctl
