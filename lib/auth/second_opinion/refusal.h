// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string_view>

#include "base/ascii.h"

namespace auth::second_opinion {

// Why a library may not see something, in printable ASCII and for ever valid; null: it may.
using Refusal = const char*;

inline bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), base::is_printable);
}

}  // namespace auth::second_opinion
