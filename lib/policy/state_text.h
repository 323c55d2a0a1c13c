// SPDX-License-Identifier: Apache-2.0
// What of this folder survives a restart, as text: a first line with its name and version, then a
// line for each thing. It comes from a file of ours, and is read as if it came from anybody.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/ascii.h"

namespace policy {

// Calls take(line) for each line behind the first; false: it was not understood. How many were not:
// those that are longer than `most_line` octets too, and one without its end, for something cut it
// off. Where the first line is another, that is the only one.
template <class Take>
std::size_t read_state(std::string_view text, std::string_view first_line, std::size_t most_line,
                       Take take) {
  if (text.empty()) return 0;  // of a server that had nothing to keep yet
  if (base::take_until(text, '\n') != first_line) return 1;
  std::size_t bad = 0;
  while (!text.empty()) {
    const bool whole = text.find('\n') != std::string_view::npos;
    const std::string_view line = base::take_until(text, '\n');
    if (!whole || line.size() > most_line || !take(line)) ++bad;
  }
  return bad;
}

}  // namespace policy
