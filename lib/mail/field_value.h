// SPDX-License-Identifier: Apache-2.0
// One field of a header section, for the log.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mail {

// The value of the first field named `name` (in any case), unfolded (RFC 5322 section 2.2.3) and
// without white space around it. `message` is the beginning of a message, lines ending in CRLF; a
// field that it cuts off is given as far as it goes. Nothing behind the empty line is looked at.
std::optional<std::string> find_field(std::string_view message, std::string_view name);

}  // namespace mail
