// SPDX-License-Identifier: Apache-2.0
#include "mail/rfc5322_lexer.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace {

using Kind = mail::Token::Kind;

struct Expected {
  Kind kind;
  std::string raw;
};

struct Row {
  std::string text;
  std::vector<Expected> tokens;
};

const std::vector<Row> kRows = {
    {"", {}},
    {" \t\r\n ", {}},
    {"a", {{Kind::Atom, "a"}}},
    {"=?utf-8?q?a?= b", {{Kind::Atom, "=?utf-8?q?a?="}, {Kind::Atom, "b"}}},
    {"\xc3\xbc"
     "ber",
     {{Kind::Atom,
       "\xc3\xbc"
       "ber"}}},
    {"a.b", {{Kind::Atom, "a"}, {Kind::Special, "."}, {Kind::Atom, "b"}}},
    {"<:>;,@",
     {{Kind::Special, "<"},
      {Kind::Special, ":"},
      {Kind::Special, ">"},
      {Kind::Special, ";"},
      {Kind::Special, ","},
      {Kind::Special, "@"}}},
    {"a(b)c", {{Kind::Atom, "a"}, {Kind::Atom, "c"}}},
    {"(a(b\\)\"[)) (c) d", {{Kind::Atom, "d"}}},
    {"(a\r\n b\r\n\t\r\n c)\r\n d", {{Kind::Atom, "d"}}},
    {"\"\"", {{Kind::QuotedString, "\"\""}}},
    {"\"a\\\"(b\"c", {{Kind::QuotedString, "\"a\\\"(b\""}, {Kind::Atom, "c"}}},
    {"\"a\r\n b\"", {{Kind::QuotedString, "\"a\r\n b\""}}},
    {"\"\x1b$B\x7f\x01\"(\x0b\x0c)", {{Kind::QuotedString, "\"\x1b$B\x7f\x01\""}}},
    {"\"\\\xc3\xbc\\ \\\t\\\x01\"", {{Kind::QuotedString, "\"\\\xc3\xbc\\ \\\t\\\x01\""}}},
    {"[192.0.2.1]", {{Kind::DomainLiteral, "[192.0.2.1]"}}},
    {"[]", {{Kind::DomainLiteral, "[]"}}},
    {"[ a(\r\n \" ]", {{Kind::DomainLiteral, "[ a(\r\n \" ]"}}},
    // not valid from here on
    {"a )", {{Kind::Atom, "a"}, {Kind::Invalid, ""}}},
    {"a (b", {{Kind::Atom, "a"}, {Kind::Invalid, ""}}},
    {"(a(b)", {{Kind::Invalid, ""}}},
    {"(a\\", {{Kind::Invalid, ""}}},
    {"\"a", {{Kind::Invalid, ""}}},
    {"\"a\\\"", {{Kind::Invalid, ""}}},
    {"\"a\\", {{Kind::Invalid, ""}}},
    {"\"", {{Kind::Invalid, ""}}},
    {"[a", {{Kind::Invalid, ""}}},
    {"[a[b]]", {{Kind::Invalid, ""}}},
    {"[a\\b]", {{Kind::Invalid, ""}}},
    {"[a\x01]", {{Kind::Invalid, ""}}},
    {"]", {{Kind::Invalid, ""}}},
    {"\\a", {{Kind::Invalid, ""}}},
    {"\x01", {{Kind::Invalid, ""}}},
    {"\x7f", {{Kind::Invalid, ""}}},
    {std::string("\0", 1), {{Kind::Invalid, ""}}},
    {std::string("\"a\0b\"", 5), {{Kind::Invalid, ""}}},
    {std::string("\"a\\\0b\"", 6), {{Kind::Invalid, ""}}},
    {std::string("(a\0b)", 5), {{Kind::Invalid, ""}}},
    // line ends that fold nothing
    {"a\r\n", {{Kind::Atom, "a"}, {Kind::Invalid, ""}}},
    {"a\r\nb", {{Kind::Atom, "a"}, {Kind::Invalid, ""}}},
    {"a\n b", {{Kind::Atom, "a"}, {Kind::Invalid, ""}}},
    {"a\r b", {{Kind::Atom, "a"}, {Kind::Invalid, ""}}},
    {"\"a\nb\"", {{Kind::Invalid, ""}}},
    {"\"a\\\r\n b\"", {{Kind::Invalid, ""}}},
    {"(a\\\nb)", {{Kind::Invalid, ""}}},
    {"[a\r\nb]", {{Kind::Invalid, ""}}},
};

TEST_CASE("tokens") {
  for (const Row& row : kRows) {
    INFO(row.text);
    mail::Rfc5322Lexer lexer(row.text);
    for (const Expected& expected : row.tokens) {
      const mail::Token token = lexer.next();
      CHECK(token.kind == expected.kind);
      CHECK(token.raw == expected.raw);
    }
    const Kind last =
        row.tokens.empty() || row.tokens.back().kind != Kind::Invalid ? Kind::End : Kind::Invalid;
    CHECK(lexer.next().kind == last);
    CHECK(lexer.next().kind == last);
  }
}

TEST_CASE("comments within each other have a limit") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + std::string(depth, ')') + 'a';
  };
  CHECK(mail::Rfc5322Lexer(nested(mail::kMaxCommentDepth)).next().kind == Kind::Atom);
  const std::string too_deep = nested(mail::kMaxCommentDepth + 1);
  mail::Rfc5322Lexer lexer(too_deep);
  CHECK(lexer.next().kind == Kind::TooDeep);
  CHECK(lexer.next().kind == Kind::TooDeep);
  std::string in_a_row;
  for (std::size_t at = 0; at <= mail::kMaxCommentDepth; ++at) in_a_row += "(c)";
  CHECK(mail::Rfc5322Lexer(in_a_row + 'a').next().kind == Kind::Atom);
}

TEST_CASE("what a quoted string stands for") {
  CHECK(mail::unquoted("\"\"") == "");
  CHECK(mail::unquoted("\"a b\"") == "a b");
  CHECK(mail::unquoted("\"a\\\"\\\\\\b\"") == "a\"\\b");
  CHECK(mail::unquoted("\" a\r\n b \"") == " a b ");
  CHECK(mail::unquoted("\"\\\"\"") == "\"");
}

}  // namespace
