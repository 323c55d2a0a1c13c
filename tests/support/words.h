// SPDX-License-Identifier: Apache-2.0
// Any bytes as one word of a line, for programs that scripts talk to: percent-encoded, "%" being
// the empty one.
#pragma once

#include <cctype>
#include <cstddef>
#include <cstdio>
#include <string>

namespace support {

inline std::string decode(const std::string& word) {
  std::string text;
  if (word == "%") return text;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '%') {
      text += word[i];
      continue;
    }
    text += static_cast<char>(std::stoi(word.substr(i + 1, 2), nullptr, 16));
    i += 2;
  }
  return text;
}

inline std::string encode(const std::string& text) {
  std::string word;
  for (const char c : text) {
    const unsigned byte = static_cast<unsigned char>(c);
    if (std::isalnum(static_cast<int>(byte)) != 0) {
      word += c;
      continue;
    }
    char hex[4];
    std::snprintf(hex, sizeof hex, "%%%02X", byte);
    word += hex;
  }
  return word.empty() ? "%" : word;
}

}  // namespace support
