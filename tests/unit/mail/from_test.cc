// SPDX-License-Identifier: Apache-2.0
#include "mail/from.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "mail/rfc5322_lexer.h"

namespace {

using mail::FromError;

// "NAME|LOCAL|DOMAIN" for each mailbox, or the reason.
std::vector<std::string> parsed(const std::string& value) {
  const auto result = mail::parse_from(value);
  if (const auto* error = std::get_if<FromError>(&result))
    return {std::string(mail::reason(*error))};
  std::vector<std::string> rows;
  for (const auto& [name, address] : std::get<std::vector<mail::FromMailbox>>(result)) {
    CHECK(address.is_literal == address.domain.starts_with('['));
    rows.push_back(std::string(name) + '|' + address.local_part + '|' + address.domain);
  }
  return rows;
}

struct Row {
  std::string value;
  std::vector<std::string> result;
};

void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    INFO(row.value);
    CHECK(parsed(row.value) == row.result);
  }
}

TEST_CASE("one mailbox") {
  check({
      {" a@good.example", {"|a|good.example"}},
      {"a@GOOD.Example", {"|a|good.example"}},
      {" <a@good.example>", {"|a|good.example"}},
      {" Ann B <a@good.example>", {"Ann B|a|good.example"}},
      {" \"B, Ann\" <a.b@good.example>", {"\"B, Ann\"|a.b|good.example"}},
      {" \"B\" Ann\r\n \"C\"<a@good.example>", {"\"B\" Ann\r\n \"C\"|a|good.example"}},
      {" \"\" <a@good.example>", {"\"\"|a|good.example"}},
      {" a@good.example (Ann)", {"|a|good.example"}},
      {" \"a b\"@good.example", {"|a b|good.example"}},
      {" \"\"@good.example", {"||good.example"}},
      {" \"a\\\"\\\\\\b\"@good.example", {"|a\"\\b|good.example"}},
      {" \"a\r\n b\"@good.example", {"|a b|good.example"}},
      {" !#$%&'*+-/=?^_`{|}~@good.example", {"|!#$%&'*+-/=?^_`{|}~|good.example"}},
      {" a@localhost", {"|a|localhost"}},
      {" a@1.2.3.4", {"|a|1.2.3.4"}},
      {"\r\n a@good.example\r\n ", {"|a|good.example"}},
      {" " + std::string(200, 'l') + "@good.example",
       {"|" + std::string(200, 'l') + "|good.example"}},
  });
}

TEST_CASE("several mailboxes, and groups") {
  check({
      {"a@x.example, b@y.example", {"|a|x.example", "|b|y.example"}},
      {"A <a@x.example>,B <b@y.example>", {"A|a|x.example", "B|b|y.example"}},
      {"\"x, y\" <a@x.example>\r\n\t,\r\n\tb@y.example", {"\"x, y\"|a|x.example", "|b|y.example"}},
      {"G: a@x.example;", {"|a|x.example"}},
      {"G: A <a@x.example>, b@y.example ; (end)", {"A|a|x.example", "|b|y.example"}},
      {"G:;, a@x.example", {"|a|x.example"}},
      {"a@x.example, \"My G\":b@y.example;,c@z.example",
       {"|a|x.example", "|b|y.example", "|c|z.example"}},
      {"undisclosed-recipients:;", {"no_mailbox"}},
      {"G: (nobody) ;", {"no_mailbox"}},
      {"G:;,H:,,;", {"no_mailbox"}},
      {"", {"no_mailbox"}},
      {" \t", {"no_mailbox"}},
      {" (a@x.example)", {"no_mailbox"}},
      {" ,, ,", {"no_mailbox"}},
  });
}

TEST_CASE("obsolete forms") {
  check({
      // obs-phrase
      {"J. R. Smith <a@x.example>", {"J. R. Smith|a|x.example"}},
      {"J.\"R\".S. <a@x.example>", {"J.\"R\".S.|a|x.example"}},
      {"J (R.) S <a@x.example>", {"J (R.) S|a|x.example"}},
      {"G. H.: a@x.example;", {"|a|x.example"}},
      // obs-local-part, obs-domain
      {"a . b @ x . example", {"|a.b|x.example"}},
      {"a(1).(2)b(3)@(4)x(5).(6)example(7)", {"|a.b|x.example"}},
      {"a.\"b c\".d@x.example", {"|a.b c.d|x.example"}},
      {"\"a\".\"b\"@x.example", {"|a.b|x.example"}},
      {"<a\r\n .b@x\r\n .example>", {"|a.b|x.example"}},
      // obs-route
      {"<@y.example:a@x.example>", {"|a|x.example"}},
      {"N <@y.example,@z.example:a@x.example>", {"N|a|x.example"}},
      {"<,,@y.example,,@[192.0.2.1], (c) :a@x.example>", {"|a|x.example"}},
      // empty members
      {",a@x.example,,b@y.example,", {"|a|x.example", "|b|y.example"}},
      {"G:,a@x.example,,;", {"|a|x.example"}},
      {"(c),(d)a@x.example", {"|a|x.example"}},
      // control characters in what is only shown
      {"\"\x1b$B\x1b(B\" <a@x.example>", {"\"\x1b$B\x1b(B\"|a|x.example"}},
      {"(\x01\x7f) a@x.example", {"|a|x.example"}},
      {"\"\\\x01\" <a@x.example>", {"\"\\\x01\"|a|x.example"}},
      {"\"a\tb\"@x.example", {"|a\tb|x.example"}},
      {"\"a\x01\"@x.example", {"bad_syntax"}},
      {"\"a\\\x7f\"@x.example", {"bad_syntax"}},
      {std::string("\"a\0\" <a@x.example>", 18), {"bad_syntax"}},
      {std::string("\"a\\\0\" <a@x.example>", 19), {"bad_syntax"}},
      {std::string("(\0) a@x.example", 15), {"bad_syntax"}},
      {"\"a\\\r\n b\" <a@x.example>", {"bad_syntax"}},
      {"a@[192\\.0.2.1]", {"bad_syntax"}},
  });
}

TEST_CASE("domains are A-labels, or literals") {
  check({
      {"a@b\xc3\xbc"
       "cher.example",
       {"|a|xn--bcher-kva.example"}},
      {"<a@B\xc3\x9c"
       "CHER.example>",
       {"|a|xn--bcher-kva.example"}},
      {"a@XN--BCHER-KVA.example", {"|a|xn--bcher-kva.example"}},
      {"a@x\xe3\x80\x82"
       "example",
       {"|a|x.example"}},
      {"a@\xef\xbd\x98.example", {"|a|x.example"}},
      {"a@p\xd0\xb0ypal.example", {"|a|xn--pypal-4ve.example"}},
      {"a@[192.0.2.1]", {"|a|[192.0.2.1]"}},
      {"a@[ 192.0.2.1\r\n ]", {"|a|[192.0.2.1]"}},
      {"a@[IPv6:2001:db8::1]", {"|a|[IPv6:2001:db8::1]"}},
      {"a@[x.example]", {"bad_domain"}},
      {"a@[]", {"bad_domain"}},
      {"a@[192.0.2.256]", {"bad_domain"}},
      {"a@x_y.example", {"bad_domain"}},
      {"a@-x.example", {"bad_domain"}},
      {"a@x!y", {"bad_domain"}},
      {"a@" + std::string(64, 'x') + ".example", {"bad_domain"}},
      {"a@\xe2\x99\xa5.example", {"bad_domain"}},
      {"a@x\xef\xbc\xa0y.example", {"bad_domain"}},
      {"a@xn--a.b\xc3\xbc", {"bad_domain"}},
      {"<@x_y.example:a@x.example>", {"|a|x.example"}},  // what is ignored may be anything
      {"<@[],@[x y]:a@x.example>", {"|a|x.example"}},
      {"a@=?utf-8?q?x.example?=", {"bad_domain"}},
      {"a@good.example, b@x_y.example", {"bad_domain"}},
  });
}

TEST_CASE("UTF-8 and encoded words") {
  check({
      {"M\xc3\xbcller <m\xc3\xbcller@x.example>", {"M\xc3\xbcller|m\xc3\xbcller|x.example"}},
      {"\"\xe2\x82\xac\\\xe2\x82\xac\" (\xc3\xbc) <a@x.example>",
       {"\"\xe2\x82\xac\\\xe2\x82\xac\"|a|x.example"}},
      {"\"\xc3\xbc \"@x.example", {"|\xc3\xbc |x.example"}},
      {"=?utf-8?q?M=C3=BCller?= <a@x.example>", {"=?utf-8?q?M=C3=BCller?=|a|x.example"}},
      {"=?utf-8?b?PGFAZXZpbC5leGFtcGxlPg==?= =?x?q?b?=\r\n <a@x.example>",
       {"=?utf-8?b?PGFAZXZpbC5leGFtcGxlPg==?= =?x?q?b?=|a|x.example"}},
      {"=?utf-8?q?a=40evil.example=00?=@x.example", {"|=?utf-8?q?a=40evil.example=00?=|x.example"}},
      {"M\xfcller <a@x.example>", {"M\xfcller|a|x.example"}},
      {"(\xff) a@x.example", {"|a|x.example"}},
      {"\"\xc0\xbc\" <a@x.example>", {"\"\xc0\xbc\"|a|x.example"}},
      {"m\xfcller@x.example", {"bad_syntax"}},
      {"a@x.example\xed\xa0\x80", {"bad_domain"}},
  });
}

// What made other parsers see another mailbox than the reader does, or only a part.
TEST_CASE("attacks") {
  check({
      {"(comment <x@evil.example>) a@good.example", {"|a|good.example"}},
      {"(comment \\) <x@evil.example>) a@good.example", {"|a|good.example"}},
      {"((a) <x@evil.example>) \"<x@evil.example>\" <a@good.example>",
       {"\"<x@evil.example>\"|a|good.example"}},
      {"<a@good.example> <b@evil.example>", {"bad_syntax"}},
      {"<a@good.example><b@evil.example>", {"bad_syntax"}},
      {"a@good.example <b@evil.example>", {"bad_syntax"}},
      {"a@good.example b@evil.example", {"bad_syntax"}},
      {"a@good.example;b@evil.example", {"bad_syntax"}},
      {"a@good.example; b@evil.example;", {"bad_syntax"}},
      {"G: a@good.example; b@evil.example", {"bad_syntax"}},
      {"G: H: a@good.example;;", {"bad_syntax"}},
      {"G: a@good.example", {"bad_syntax"}},
      {"a@good.example: b@evil.example;", {"bad_syntax"}},
      {"a@good.example:b@evil.example", {"bad_syntax"}},
      {":a@good.example;", {"bad_syntax"}},
      {"a@good.example@evil.example", {"bad_syntax"}},
      {"a@@good.example", {"bad_syntax"}},
      {"\"a@evil.example\"@good.example", {"|a@evil.example|good.example"}},
      {"\"a@evil.example>,\"@good.example", {"|a@evil.example>,|good.example"}},
      {"\"a@evil.example\\\"\"@good.example", {"|a@evil.example\"|good.example"}},
      {"a@evil.example(@good.example", {"bad_syntax"}},
      {"a@good.example(b@evil.example)", {"|a|good.example"}},
      {"a@good(.evil).example", {"|a|good.example"}},
      {"a@good.example\r\n.evil.example", {"bad_syntax"}},
      {"<@evil.example:a@good.example>", {"|a|good.example"}},
      {"<@evil.example,a@good.example>", {"bad_syntax"}},
      {"<@evil.example a@good.example>", {"bad_syntax"}},
      {"@evil.example:a@good.example", {"bad_syntax"}},
      {"<a@good.example", {"bad_syntax"}},
      {"a@good.example>", {"bad_syntax"}},
      {"<<a@good.example>>", {"bad_syntax"}},
      {"<a@good.example, b@evil.example>", {"bad_syntax"}},
      {"<a@good.example>, b@evil.example", {"|a|good.example", "|b|evil.example"}},
      {"N <>", {"bad_syntax"}},
      {"<>", {"bad_syntax"}},
      {"N", {"bad_syntax"}},
      {"a@", {"bad_syntax"}},
      {"@good.example", {"bad_syntax"}},
      {"a@.example", {"bad_syntax"}},
      {"a@good..example", {"bad_syntax"}},
      {"a@good.example.", {"bad_syntax"}},
      {".a@good.example", {"|.a|good.example"}},
      {"a..b@good.example", {"|a..b|good.example"}},
      {"a.@good.example", {"|a.|good.example"}},
      {"a b@good.example", {"bad_syntax"}},
      {"\"a\"b@good.example", {"bad_syntax"}},
      {"a@\"good.example\"", {"bad_syntax"}},
      {"a@good.example \"evil\"", {"bad_syntax"}},
      {"a@good.example evil", {"bad_syntax"}},
      {"a@good.example \\", {"bad_syntax"}},
      {"a@good.example [evil]", {"bad_syntax"}},
      {"a@[192.0.2.1].evil.example", {"bad_syntax"}},
      {".N <a@good.example>", {"bad_syntax"}},
      {"a@good.example, N", {"bad_syntax"}},
      {std::string("a@good.example\0@evil.example", 28), {"bad_syntax"}},
      {std::string("a@good.example\0", 15), {"bad_syntax"}},
      {std::string("<a\0@evil.example>", 17), {"bad_syntax"}},
      {"a@good.example\nFrom: b@evil.example", {"bad_syntax"}},
      {"a@good.example\r\nFrom: b@evil.example", {"bad_syntax"}},
      {"a@good.example\r", {"bad_syntax"}},
      {"a@good.example\r\n", {"bad_syntax"}},
      {"a@good.example\x0b", {"bad_syntax"}},
      {"\xef\xbb\xbf"
       "a@good.example",
       {"|\xef\xbb\xbf"
        "a|good.example"}},
      {"a\xef\xbc\xa0"
       "evil.example@good.example",
       {"|a\xef\xbc\xa0"
        "evil.example|good.example"}},
      {"a@good.example\xc2\xa0<b@evil.example>", {"bad_domain"}},
      {"a@good.example\xef\xbc\x8c"
       "b@evil.example",
       {"bad_domain"}},
  });
}

TEST_CASE("limits") {
  const std::string mailbox = " a@x.example";
  const auto padded = [&](std::size_t size) {
    return std::string(size - mailbox.size(), ' ') + mailbox;
  };
  CHECK(parsed(padded(mail::kMaxFromValue)) == std::vector<std::string>{"|a|x.example"});
  CHECK(parsed(padded(mail::kMaxFromValue + 1)) == std::vector<std::string>{"too_long"});

  std::string list = mailbox;
  for (std::size_t at = 1; at < mail::kMaxFromMailboxes; ++at) list += ',' + mailbox;
  CHECK(parsed(list).size() == mail::kMaxFromMailboxes);
  CHECK(parsed("G:" + list + ';').size() == mail::kMaxFromMailboxes);
  CHECK(parsed(list + ',' + mailbox) == std::vector<std::string>{"too_many"});

  const auto nested = [&](std::size_t depth) {
    return mailbox + std::string(depth, '(') + std::string(depth, ')');
  };
  CHECK(parsed(nested(mail::kMaxCommentDepth)) == std::vector<std::string>{"|a|x.example"});
  CHECK(parsed(nested(mail::kMaxCommentDepth + 1)) == std::vector<std::string>{"too_deep"});
  CHECK(parsed("(" + nested(mail::kMaxCommentDepth) + ')' + mailbox) ==
        std::vector<std::string>{"too_deep"});
}

TEST_CASE("no proper prefix of a value in brackets is a value") {
  const std::string value = "\"B, Ann\" (c) <@y.example:a.\"b\"@x.example>";
  REQUIRE(parsed(value).front() == "\"B, Ann\"|a.b|x.example");
  for (std::size_t size = 1; size < value.size(); ++size) {
    INFO(value.substr(0, size));
    CHECK(parsed(value.substr(0, size)) == std::vector<std::string>{"bad_syntax"});
  }
}

TEST_CASE("a mailbox written as an address parses to itself") {
  for (const std::string value :
       {"a . b @ X . example", "\"a b\"@x.example", "\"\"@x.example", "\"\\\"\\\\\"@[192.0.2.1]",
        "\xc3\xbc@b\xc3\xbc"
        "cher.example",
        "\"a\tb\"@x.example", "\".a\"@x.example"}) {
    INFO(value);
    const auto first = mail::parse_from(value);
    const auto& address = std::get<std::vector<mail::FromMailbox>>(first).front().address;
    const auto again = mail::parse_from(address.to_string());
    CHECK(std::get<std::vector<mail::FromMailbox>>(again).front().address == address);
  }
}

}  // namespace
