// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <cstddef>
#include <cstdint>

namespace base {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kGroup = 4;  // characters, of three bytes

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
  return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0;
}

// The last group may have one or two '=' at its end.
bool append_group(std::string_view group, bool is_last, std::string& bytes) {
  std::size_t padding = 0;
  while (is_last && padding < 2 && group.ends_with('=')) {
    group.remove_suffix(1);
    ++padding;
  }
  std::uint32_t bits = 0;
  for (const char c : group) {
    const auto value = kAlphabet.find(c);
    if (value == std::string_view::npos) return false;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
  }
  bits <<= 6 * padding;
  for (std::size_t i = 0; i < 3 - padding; ++i)
    bytes += static_cast<char>(bits >> (16 - 8 * i) & 0xff);
  return (bits & ((1u << (8 * padding)) - 1)) == 0;
}

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::uint32_t bits =
        byte_at(bytes, at) << 16 | byte_at(bytes, at + 1) << 8 | byte_at(bytes, at + 2);
    for (std::size_t i = 0; i < kGroup; ++i)
      text += at + i > bytes.size() ? '=' : kAlphabet[bits >> (18 - 6 * i) & 0x3f];
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  if (text.size() % kGroup != 0) return {};
  while (!text.empty()) {
    const bool is_last = text.size() == kGroup;
    if (!append_group(text.substr(0, kGroup), is_last, bytes)) return {};
    text.remove_prefix(kGroup);
  }
  return bytes;
}

}  // namespace base
