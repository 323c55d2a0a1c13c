// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/ascii.h"

namespace base {
namespace {

struct Range {
  std::uint8_t least;
  std::uint8_t most;
  bool holds(std::uint8_t byte) const { return byte >= least && byte <= most; }
};

// What may begin a sequence, and what may follow at once; all bytes behind are 80..BF.
struct Row {
  Range first;
  Range second;
  std::size_t size;
};

constexpr std::array<Row, 8> kRows = {{{{0xc2, 0xdf}, {0x80, 0xbf}, 2},
                                       {{0xe0, 0xe0}, {0xa0, 0xbf}, 3},
                                       {{0xe1, 0xec}, {0x80, 0xbf}, 3},
                                       {{0xed, 0xed}, {0x80, 0x9f}, 3},
                                       {{0xee, 0xef}, {0x80, 0xbf}, 3},
                                       {{0xf0, 0xf0}, {0x90, 0xbf}, 4},
                                       {{0xf1, 0xf3}, {0x80, 0xbf}, 4},
                                       {{0xf4, 0xf4}, {0x80, 0x8f}, 4}}};

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

// Of the character that `text` begins with; 0 where there is none.
std::size_t sequence_size(std::string_view text) {
  if (is_ascii(text.front())) return 1;
  const std::uint8_t first = byte_at(text, 0);
  const auto row = std::find_if(kRows.begin(), kRows.end(),
                                [&](const Row& each) { return each.first.holds(first); });
  if (row == kRows.end() || text.size() < row->size) return 0;
  if (!row->second.holds(byte_at(text, 1))) return 0;
  for (std::size_t at = 2; at < row->size; ++at) {
    if (!Range{0x80, 0xbf}.holds(byte_at(text, at))) return 0;
  }
  return row->size;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = sequence_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace base
