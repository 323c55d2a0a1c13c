// SPDX-License-Identifier: Apache-2.0
#include "spool/line_ends.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace {

struct Converted {
  std::string bytes;
  std::uint64_t stored_bytes = 0;
  std::uint64_t crlf_bytes = 0;
  bool operator==(const Converted&) const = default;
};

Converted convert(const std::vector<std::string>& pieces) {
  spool::LineEnds line_ends;
  Converted result;
  for (const std::string& piece : pieces) {
    const std::size_t before = result.bytes.size();
    line_ends.convert(piece, result.bytes);
    REQUIRE(result.bytes.size() - before <= piece.size() + 1);
  }
  line_ends.finish(result.bytes);
  result.stored_bytes = line_ends.stored_bytes();
  result.crlf_bytes = line_ends.crlf_bytes();
  return result;
}

std::vector<std::string> bytewise(const std::string& text) {
  std::vector<std::string> pieces;
  for (const char c : text) pieces.emplace_back(1, c);
  return pieces;
}

TEST_CASE("only CRLF becomes LF") {
  struct Case {
    std::string input, output;
    std::uint64_t crlf_bytes;
  };
  const std::string nul("a\0\r\nb", 5);
  const Case cases[] = {
      {"", "", 0},
      {"a\r\nb\r\n", "a\nb\n", 6},
      {"a\r\nb", "a\nb", 4},
      {"\r\n\r\n", "\n\n", 4},
      {"a\rb\r\n", "a\rb\n", 5},
      {"a\nb", "a\nb", 4},        // a reader counts the lone LF as CRLF
      {"a\r\r\nb", "a\r\nb", 4},  // and takes this for CRLF
      {"a\r", "a\r", 2},
      {"a\r\r", "a\r\r", 3},
      {"\n\r", "\n\r", 3},
      {nul, std::string("a\0\nb", 4), 5},
  };
  for (const Case& c : cases) {
    INFO(c.input);
    const Converted expected{c.output, c.output.size(), c.crlf_bytes};
    CHECK(convert({c.input}) == expected);
    CHECK(convert(bytewise(c.input)) == expected);
  }
}

TEST_CASE("how the input is cut does not matter") {
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (int i = 0; i < 200; ++i) text += "\r\n\r\nab"[random() % 6];
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < text.size();) {
      pieces.push_back(text.substr(at, random() % 9));
      at += pieces.back().size();
    }
    REQUIRE(convert(pieces) == convert({text}));
  }
}

}  // namespace
