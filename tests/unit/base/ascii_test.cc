// SPDX-License-Identifier: Apache-2.0
#include "base/ascii.h"

#include <catch2/catch.hpp>
#include <string>

TEST_CASE("character classes take ASCII only, whatever the byte") {
  int digits = 0;
  int letters = 0;
  int printable = 0;
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    digits += base::is_digit(c);
    letters += base::is_alpha(c);
    printable += base::is_printable(c);
    CHECK(base::is_alnum(c) == (base::is_alpha(c) || base::is_digit(c)));
    if (value >= 128) CHECK(base::to_lower(c) == c);
  }
  CHECK(digits == 10);
  CHECK(letters == 52);
  CHECK(printable == 95);
}

TEST_CASE("case is folded for letters only") {
  CHECK(base::lower("MAIL From:<@[\\]^_`{Z>\xc9") == "mail from:<@[\\]^_`{z>\xc9");
  CHECK(base::upper("mail from:<@[\\]^_`{z>\xe9") == "MAIL FROM:<@[\\]^_`{Z>\xe9");
}

TEST_CASE("comparison without case") {
  CHECK(base::iequals("", ""));
  CHECK(base::iequals("StartTLS", "STARTtls"));
  CHECK_FALSE(base::iequals("STARTTLS", "STARTTL"));
  CHECK_FALSE(base::iequals("STARTTL", "STARTTLS"));
  CHECK_FALSE(base::iequals("[", "{"));  // 0x20 apart, like letters
  CHECK_FALSE(base::iequals(std::string("a\0b", 3), std::string("a\0c", 3)));

  CHECK(base::istarts_with("SIZE=10", "size="));
  CHECK(base::istarts_with("SIZE", ""));
  CHECK_FALSE(base::istarts_with("SIZ", "size"));
}

TEST_CASE("trim takes blanks and tabs off both ends, nothing else") {
  CHECK(base::trim(" \t a b \t") == "a b");
  CHECK(base::trim("").empty());
  CHECK(base::trim(" \t ").empty());
  CHECK(base::trim("\r\nx\v") == "\r\nx\v");
}

TEST_CASE("fields are taken off a text, up to a separator or to its end") {
  std::string_view rest = "a,,b";
  CHECK(base::take_until(rest, ',') == "a");
  CHECK(base::take_until(rest, ',').empty());
  CHECK(rest == "b");
  CHECK(base::take_until(rest, ',') == "b");
  CHECK(base::take_until(rest, ',').empty());
  CHECK(rest.empty());
}

TEST_CASE("ascii: what is not printable is a question mark") {
  CHECK(base::printable("a b~") == "a b~");
  CHECK(base::printable(std::string("a\0\n\x7f\xc3", 5)) == "a????");
}
