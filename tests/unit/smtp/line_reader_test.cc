// SPDX-License-Identifier: Apache-2.0
#include "smtp/line_reader.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace {

using Fault = smtp::LineReader::Fault;

constexpr std::size_t kLimit = 10;  // octets with CRLF

struct Line {
  std::string text;
  Fault fault;
  bool operator==(const Line&) const = default;
};

struct Row {
  std::string input;
  std::vector<Line> lines;
};

const std::vector<Row> kRows = {
    {"", {}},
    {"abc", {}},
    {"abc\r", {}},
    {"\r\n", {{"", Fault::None}}},
    {"abc\r\n", {{"abc", Fault::None}}},
    {"a\r\nb\r\nc", {{"a", Fault::None}, {"b", Fault::None}}},
    {std::string("a\0b\r\n", 5), {{std::string("a\0b", 3), Fault::None}}},
    {"12345678\r\n", {{"12345678", Fault::None}}},
    {"123456789\r\nok\r\n", {{"", Fault::TooLong}, {"ok", Fault::None}}},
    {std::string(5000, 'x') + "\r\nok\r\n", {{"", Fault::TooLong}, {"ok", Fault::None}}},
    {"a\nb\r\nok\r\n", {{"", Fault::BareNewline}, {"ok", Fault::None}}},
    {"a\rb\r\nok\r\n", {{"", Fault::BareNewline}, {"ok", Fault::None}}},
    {"a\r\r\nok\r\n", {{"", Fault::BareNewline}, {"ok", Fault::None}}},
    {"\n\r\n", {{"", Fault::BareNewline}}},
    {"\n\n\n\r\n", {{"", Fault::BareNewline}}},
    {"a\n", {}},
    {"a\n\r", {}},
    {std::string(50, 'x') + "\nx\r\n", {{"", Fault::BareNewline}}},
    {"\n" + std::string(50, 'x') + "\r\n", {{"", Fault::BareNewline}}},
};

std::vector<Line> read_all(const std::string& input, std::size_t piece) {
  smtp::LineReader reader(kLimit);
  std::vector<Line> lines;
  for (std::size_t at = 0; at < input.size(); at += piece) {
    std::string_view bytes = std::string_view(input).substr(at, piece);
    while (!bytes.empty()) {
      bytes.remove_prefix(reader.read(bytes));
      if (!reader.complete()) continue;
      const auto line = reader.take();
      const bool whole = line.fault == Fault::None;
      lines.push_back({whole ? line.text : "", line.fault});
    }
  }
  return lines;
}

TEST_CASE("lines are the same whole, byte by byte, in pieces, and with bytes behind them") {
  for (const Row& row : kRows) {
    INFO(row.input);
    CHECK(read_all(row.input, row.input.size() + 1) == row.lines);
    for (const std::size_t piece : {1u, 2u, 3u, 7u}) CHECK(read_all(row.input, piece) == row.lines);
    if (!row.input.ends_with("\r\n")) continue;
    CHECK(read_all(row.input + "tail", 1) == row.lines);
  }
}

TEST_CASE("of a line with a fault the beginning is known, the same whatever the pieces") {
  struct Beginning {
    std::string input;
    std::string beginning;
  };
  const std::vector<Beginning> rows = {
      {std::string(60, 'x') + "y\r\n", std::string(48, 'x')},
      {"abc\n" + std::string(60, 'x') + "\r\n", "abc"},
      {"abc\rdef\r\n", "abc"},
      {"\nabc\r\n", ""},
  };
  for (const Beginning& row : rows) {
    for (const std::size_t piece : {1u, 7u, 100u}) {
      INFO(row.input << ' ' << piece);
      smtp::LineReader reader(50);
      for (std::size_t at = 0; at < row.input.size(); at += piece)
        CHECK(reader.read(std::string_view(row.input).substr(at, piece)) > 0);
      REQUIRE(reader.complete());
      const auto line = reader.take();
      CHECK(line.fault != Fault::None);
      CHECK(line.text == row.beginning);
    }
  }
}

}  // namespace
