// SPDX-License-Identifier: Apache-2.0
// The only door to the TOML library.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "config/report.h"
#include "config/value.h"

namespace config {

inline constexpr std::size_t kMaxDepth = 16;  // tables and arrays within each other

// The table of the whole text; nothing after a syntax error, which is in the report then. TOML
// cannot be read on after one, so there is at most one.
std::optional<Value> parse_toml(std::string_view text, Report& report);

}  // namespace config
