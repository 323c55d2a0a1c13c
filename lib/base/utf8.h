// SPDX-License-Identifier: Apache-2.0
// UTF-8 as RFC 3629 section 4 has it: nothing overlong, no surrogate, nothing above U+10FFFF.
#pragma once

#include <string_view>

namespace base {

bool is_utf8(std::string_view text);  // controls and NUL are UTF-8 too

}  // namespace base
