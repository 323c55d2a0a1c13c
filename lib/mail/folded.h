// SPDX-License-Identifier: Apache-2.0
// Header text in lines that are not too long.
#pragma once

#include <string>
#include <vector>

namespace mail {

// Tokens separated by blanks, and CRLF at the end. Where a line would pass 78 columns (RFC 5322
// section 2.1.1), CRLF and `indent`, a blank or a tab, stand in for a blank. Tokens are not empty.
std::string folded(const std::vector<std::string>& tokens, char indent = '\t');

}  // namespace mail
