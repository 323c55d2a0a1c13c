// SPDX-License-Identifier: Apache-2.0
// What every fuzz target shares. A target takes its choices (how to cut, which settings) from the
// first bytes of the input and treats the rest as the bytes of a stranger.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

// The one function of a target. It never refuses an input and always returns 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

// A property that does not hold ends the process, so that the input is kept. No string is made for
// it: some are looked at for every octet.
inline void require(bool holds, std::string_view property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(property.size()), property.data());
  std::abort();
}

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  // What is not there reads as zero or as empty.
  std::uint8_t byte() {
    const std::string_view one = bytes(1);
    return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one.front());
  }
  std::string_view bytes(std::size_t count) {
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view rest() { return bytes(rest_.size()); }

 private:
  std::string_view rest_;
};

// Calls `feed` with all of `bytes`, cut into pieces of at most `most`; which sizes follows `seed`.
template <class Feed>
void in_pieces(std::string_view bytes, std::uint8_t seed, std::size_t most, Feed feed) {
  std::uint32_t state = seed;
  while (!bytes.empty()) {
    state = state * 1664525 + 1013904223;
    const std::size_t size = std::min((state >> 16) % most + 1, bytes.size());
    feed(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
}

}  // namespace fuzz
