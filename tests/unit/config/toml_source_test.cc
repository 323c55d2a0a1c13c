// SPDX-License-Identifier: Apache-2.0
// Whatever stands in the file, reading it ends, soon, and with a diagnostic.
#include "config/toml_source.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "support/configs.h"

using support::errors_of;
using support::kMinimalConfig;
using support::load_text;

namespace {

std::string repeated(const std::string& text, std::size_t count) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += text;
  return result;
}

}  // namespace

TEST_CASE("places are those of the file, in its order") {
  const std::string text = "b = 1\n[t]\n  a = [ 'x',\n\t'yy' ]\n";
  config::Report report("f", text);
  const auto top = config::parse_toml(text, report);
  REQUIRE(top);
  REQUIRE(top->members.size() == 2);
  CHECK(top->members[0].name == "b");
  CHECK(top->members[0].value.place.column == 5);
  const config::Member& a = top->members[1].value.members.at(0);
  CHECK(a.place.line == 3);
  CHECK(a.place.column == 3);
  CHECK(a.value.place.length == 0);  // it goes over two lines
  CHECK(a.value.items.at(1).place.line == 4);
  CHECK(a.value.items.at(1).place.column == 2);
  CHECK(a.value.items.at(1).place.length == 4);
}

TEST_CASE("the longest line is read, one byte more is refused") {
  const std::string comment = '#' + std::string(config::kMaxLine - 1, 'x');
  CHECK(load_text(kMinimalConfig + comment + '\n').ok());
  CHECK_THAT(errors_of(kMinimalConfig + comment + "x\n"),
             Catch::Contains(":11:1: error: the line is longer than 16384 bytes\n"));
}

TEST_CASE("depth is limited, however it is written") {
  const std::size_t dots = config::kMaxLine / 2 - 2;
  CHECK_THAT(errors_of(repeated("a.", dots) + "a=1\n"), Catch::Contains("nested too deeply"));
  CHECK_THAT(errors_of('[' + repeated("a.", dots) + "a]\n"), Catch::Contains("nested too deeply"));
  CHECK_THAT(errors_of("a = " + repeated("[", 17) + repeated("]", 17)),
             Catch::Contains("nested too deeply"));
  CHECK_THAT(errors_of("a = " + repeated("[", 8000) + repeated("]", 8000)),
             Catch::Contains("syntax: ") && Catch::Contains("nested"));
}

TEST_CASE("after a hundred mistakes the rest is counted") {
  std::string text = kMinimalConfig;
  for (int i = 0; i < 200; ++i) text += "[x" + std::to_string(i) + "]\n";
  const auto loaded = load_text(text);
  CHECK(loaded.diagnostics.size() == config::kMaxDiagnostics + 1);
  CHECK(loaded.diagnostics.back().message == "100 more are not shown");
  CHECK_FALSE(loaded.ok());
}

TEST_CASE("sections of a list are limited") {
  const std::string more = repeated("[[listener]]\n", config::kMaxElements);
  CHECK_THAT(errors_of(kMinimalConfig + more),
             Catch::Contains("more than 10000 times [[listener]]"));
}

TEST_CASE("bytes that are no TOML at all") {
  for (const std::string& text :
       {std::string("\xff\xfe"), std::string("a\0b = 1", 7), std::string(100, '\0'),
        std::string("a = \"\xff\""), std::string("a = \"\\uD800\""), std::string("=")}) {
    CHECK_FALSE(load_text(text).ok());
  }
}

TEST_CASE("a valid file with random damage never does worse than a diagnostic") {
  std::mt19937 random(20261121);
  const std::string valid = support::kMinimalConfig;
  for (int round = 0; round < 2000; ++round) {
    std::string text = valid;
    for (int change = 0; change < 3; ++change) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, random() % 8);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 16));
      }
    }
    const auto loaded = load_text(text);
    CHECK(loaded.ok() ==
          (config::render(loaded.diagnostics).find(" error: ") == std::string::npos));
  }
}
