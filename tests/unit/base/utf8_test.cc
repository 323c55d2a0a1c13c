// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace {

// As a four-octet scheme without any rule would write it, in `size` octets.
std::string encoded(std::uint32_t code, std::size_t size) {
  static const std::vector<unsigned> kFirst = {0, 0x00, 0xc0, 0xe0, 0xf0};
  std::string text;
  for (std::size_t at = 0; at < size; ++at) {
    const unsigned mark = at + 1 == size ? kFirst.at(size) : 0x80;
    const unsigned bits = code >> (6 * at);
    text.insert(text.begin(), static_cast<char>(mark | (at + 1 == size ? bits : bits & 0x3f)));
  }
  return text;
}

std::size_t shortest(std::uint32_t code) {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

TEST_CASE("every code point in every size: the shortest form of a scalar value is UTF-8") {
  static const std::vector<std::uint32_t> kEnd = {0, 0x80, 0x800, 0x10000, 0x200000};
  std::size_t wrong = 0;
  for (std::size_t size = 1; size <= 4; ++size) {
    for (std::uint32_t code = 0; code < kEnd[size]; ++code) {
      const bool surrogate = code >= 0xd800 && code <= 0xdfff;
      const bool valid = size == shortest(code) && !surrogate && code <= 0x10ffff;
      if (base::is_utf8(encoded(code, size)) != valid) ++wrong;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("whole texts") {
  CHECK(base::is_utf8(""));
  CHECK(base::is_utf8(std::string("a\0b\x7f", 4)));
  CHECK(base::is_utf8("z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80."));
  for (const std::string text :
       {"\x80", "a\xbf", "\xc3", "\xc3(", "\xe2\x82", "\xe2\x82z", "\xf0\x9f\x98", "\xc0\x80",
        "\xf8\x88\x80\x80\x80", "\xff", "\xc3\xbc\xbc", "\xe2\xc3\xbc"}) {
    INFO(text);
    CHECK_FALSE(base::is_utf8(text));
    CHECK_FALSE(base::is_utf8("ok " + text));
  }
}

}  // namespace
