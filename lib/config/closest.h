// SPDX-License-Identifier: Apache-2.0
// What somebody who mistyped a word may have meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace config {

// The candidate that is at most two edits (insertion, deletion, replacement, swap of neighbours)
// from `word`, one where `word` is short; empty when there is none. The nearest, else the first.
std::string_view closest(std::string_view word, const std::vector<std::string_view>& candidates);

// `did you mean "..."?`, or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace config
