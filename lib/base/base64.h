// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648 section 4), in its one strict form.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base {

std::string to_base64(std::string_view bytes);

// Nothing for what to_base64() would not write: other characters, blanks among them; padding that
// is missing, or stands elsewhere; bits that are left over and set (section 3.5).
std::optional<std::string> from_base64(std::string_view text);

}  // namespace base
