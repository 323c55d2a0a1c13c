// SPDX-License-Identifier: Apache-2.0
#include "mail/auth_results.h"

#include <catch2/catch.hpp>
#include <string>

#include "mail/address.h"
#include "support/auth_results_reader.h"

namespace {

const std::string kId = "mx.ours.test";

std::string field_of(const std::vector<mail::AuthResult>& results, bool smtputf8 = false) {
  mail::AuthResultsField field(kId, smtputf8);
  for (const mail::AuthResult& result : results) REQUIRE(field.add(result));
  return field.text();
}

// A field of one result with this reason and value, read back.
mail::AuthResult told(const std::string& reason, const std::string& value, bool smtputf8 = false) {
  const std::string field =
      field_of({{"spf", "fail", reason, {{"smtp.mailfrom", value}}}}, smtputf8);
  INFO(field);
  const auto read = support::AuthResultsReader::read(field, smtputf8);
  REQUIRE(read);
  CHECK(read->authserv_id == kId);
  REQUIRE(read->results.size() == 1);
  const mail::AuthResult& result = read->results.front();
  CHECK(result.method == "spf");
  CHECK(result.result == "fail");
  REQUIRE(result.properties.size() == 1);
  CHECK(result.properties.front().name == "smtp.mailfrom");
  return result;
}

std::string value_told(const std::string& value, bool smtputf8 = false) {
  return told("", value, smtputf8).properties.front().value;
}

TEST_CASE("each result begins a line, and long ones are folded") {
  CHECK(field_of({{"spf",
                   "fail",
                   "-all of example.net matches the client, whose address is known",
                   {{"smtp.mailfrom", "alice@example.net"}}},
                  {"spf", "none", "", {{"smtp.helo", "client.example.net"}}},
                  {"iprev", "pass", "yes", {{"policy.iprev", "2001:db8::1"}}}}) ==
        "Authentication-Results: mx.ours.test;\r\n"
        " spf=fail\r\n"
        " reason=\"-all of example.net matches the client, whose address is known\"\r\n"
        " smtp.mailfrom=alice@example.net;\r\n"
        " spf=none smtp.helo=client.example.net;\r\n"
        " iprev=pass reason=\"yes\" policy.iprev=\"2001:db8::1\"\r\n");
}

TEST_CASE("what the field has no room for is not added") {
  const mail::AuthResult longest = {
      "dkim", "fail", std::string(500, '"'), {{"header.i", std::string(500, '"')}}};
  mail::AuthResultsField field(kId, false);
  REQUIRE(field.add(longest));
  const std::size_t first = field.text().size();
  while (field.add(longest)) CHECK(field.text().size() <= mail::kMaxAuthResults);
  const std::string full = field.text();
  CHECK(full.size() > mail::kMaxAuthResults - first);
  CHECK(support::AuthResultsReader::read(full, false)->results.size() == 9);

  // To the octet: ";" and " spf=" and CRLF are eight.
  const std::size_t room = mail::kMaxAuthResults - full.size() - 8;
  CHECK_FALSE(field.add({"spf", std::string(room + 1, 'x'), "", {}}));
  CHECK_FALSE(field.add({"spf", std::string(room, 'x'), "", {}}, 1));
  CHECK(field.text() == full);
  CHECK(field.add({"spf", std::string(room, 'x'), "", {}}));
  CHECK(field.text().size() == mail::kMaxAuthResults);
}

TEST_CASE("what is no token and no plain address is quoted") {
  const auto written = [](const std::string& value) {
    const std::string field = field_of({{"spf", "none", "", {{"smtp.helo", value}}}});
    const auto begin = field.find("helo=") + 5;
    return field.substr(begin, field.size() - begin - 2);
  };
  CHECK(written("a.example") == "a.example");
  CHECK(written("a!#$%&'*+-.^_`{|}~b") == "a!#$%&'*+-.^_`{|}~b");
  CHECK(written("a+b@c.example") == "a+b@c.example");
  CHECK(written("a=b@c.example") == "\"a=b@c.example\"");
  CHECK(written("a/b@c.example") == "\"a/b@c.example\"");
  CHECK(written("\"a b\"@c.example") == "\"\\\"a b\\\"@c.example\"");
  CHECK(written("a@[192.0.2.1]") == "\"a@[192.0.2.1]\"");
  CHECK(written("a@b@c.example") == "\"a@b@c.example\"");
  CHECK(written("a@c_d.example") == "\"a@c_d.example\"");
  CHECK(written("@c.example") == "@c.example");
  CHECK(written("@") == "\"@\"");
  CHECK(written("a;spf=pass") == "\"a;spf=pass\"");
  CHECK(written("(a)") == "\"(a)\"");
  CHECK(written("") == "\"\"");
}

TEST_CASE("no value leaves its place") {
  for (const std::string value :
       {"\" smtp.mailfrom=x", "\\", "\\\"", "\"; dkim=pass header.d=\"x", "a b  c", " ", "a;b",
        "x\" (", "(((", "reason=\"x\"", "=?utf-8?q?x?="}) {
    INFO(value);
    CHECK(value_told(value) == value);
    CHECK(value_told(value, true) == value);
  }
  CHECK(value_told("a\r\nX-Evil: b") == "a??X-Evil: b");
  CHECK(value_told(std::string("a\0b\tc\x7f", 6)) == "a?b?c?");
}

TEST_CASE("a reason is quoted, and is one line") {
  CHECK(told("", "x").reason.empty());
  const std::string words =
      std::string(100, 'a') + "; spf=pass  smtp.mailfrom=" + std::string(100, 'b') + " \"\\ \"";
  CHECK(told(words, "x").reason == words);
  const std::string field = field_of({{"spf", "fail", words, {}}});
  CHECK(field.find("\r\n spf=pass") == std::string::npos);
  CHECK(told("a\r\n\r\nb\tc", "x").reason == "a????b?c");
}

TEST_CASE("UTF-8 stands in messages with SMTPUTF8 only") {
  const std::string value = "b\u00fccher@example.net";
  CHECK(value_told(value, true) == value);
  CHECK(value_told(value, false) == "b??cher@example.net");
  CHECK(value_told("b\xfc@example.net", true) == "b?@example.net");
  CHECK(told("\u00fc", "\xff", true).reason == "\u00fc");
}

TEST_CASE("what is too long is cut, and says so") {
  const std::string most(mail::kMaxAuthValue, 'x');
  CHECK(value_told(most) == most);
  CHECK(value_told(most + 'x') == most + "...");
  CHECK(told(most, "x").reason == most);
  CHECK(told(most + 'x', "x").reason == most + "...");
  // All of it escaped, and still no line above 998 octets: the reader sees to that.
  const std::string backslashes(mail::kMaxAuthReason + 1, '\\');
  CHECK(told(backslashes, backslashes).reason.size() == mail::kMaxAuthReason + 3);
  // Not through a character.
  const std::string umlauts = most.substr(1) + "\u00fc";
  CHECK(value_told(umlauts, true) == most.substr(1) + "...");
}

TEST_CASE("the longest address of an envelope is not cut") {
  const std::string domain =
      std::string(63, 'd') + '.' + std::string(63, 'd') + '.' + std::string(61, 'd');
  const auto path = mail::parse_path("<\"" + std::string(62, '@') + "\"@" + domain + '>',
                                     mail::PathKind::Reverse);
  REQUIRE(path);
  CHECK(path->length == mail::kMaxPath);
  CHECK(value_told(path->path.address->to_string()) == path->path.address->to_string());
}

bool is_ours(const std::string& value, const std::string& name = "Authentication-Results",
             const std::string& id = kId) {
  const std::string text = name + ':' + value + "\r\n\r\n";
  const mail::HeaderFields fields(text);
  return mail::is_our_auth_results(fields.all().front(), id);
}

TEST_CASE("our name in any spelling of the grammar") {
  for (const std::string value :
       {" mx.ours.test; none", "mx.ours.test;none", " MX.Ours.TEST; none", " mx.ours.test",
        " \"mx.ours.test\"; none", " \"mx.ou\\rs.test\"; none", " \"mx\".ours.test; none",
        " (x) mx.ours.test (y) ; none", "\r\n mx.ours.test\r\n\t; none", " (\\)(a)) mx.ours.test;",
        " mx . ours (c) . test; none", " mx.ours.test 1; none", " mx.ours.test (x) 1 (y); none",
        " mx.ours.test 23; none", " mx.ours.test.; none"}) {
    INFO(value);
    CHECK(is_ours(value));
    CHECK(is_ours(value, "authentication-RESULTS"));
    CHECK(is_ours(value, "Authentication-Results \t"));
    CHECK_FALSE(is_ours(value, "X-Authentication-Results"));
    CHECK_FALSE(is_ours(value, "ARC-Authentication-Results"));
    CHECK_FALSE(is_ours(value, "Authentication-Results", "ours.test"));
  }
}

TEST_CASE("a U-label and its A-label are one name") {
  const std::string id = "mx.xn--bcher-kva.example";
  for (const std::string value :
       {" mx.b\u00fccher.example; none", " MX.B\u00dcCHER.example; none",
        " \"mx.b\u00fccher.example\"; none", " mx.xn--BCHER-kva.example; none",
        " mx.b\u00fccher\u3002example 1;"}) {
    INFO(value);
    CHECK(is_ours(value, "Authentication-Results", id));
  }
  CHECK_FALSE(is_ours(" mx.b\u00fccher.test; none", "Authentication-Results", id));
  // Letters of full width
  CHECK(is_ours(" \uff4d\uff58.ours.test; none"));
}

TEST_CASE("somebody else's name") {
  for (const std::string value :
       {" mx.other.test; none", " ours.test; none", " a.mx.ours.test; none",
        " mx.ours.test.a; none", " xmx.ours.test; none", " mx.ours.tes; none",
        " other.test (mx.ours.test); none", " other.test; spf=pass smtp.helo=mx.ours.test",
        " other.test 1; mx.ours.test", " \"other.test\"; none", " mail_1; none",
        " b\u00fccher.example; none", " b\u00fccher.example.; none", " other.test.; none"}) {
    INFO(value);
    CHECK_FALSE(is_ours(value));
  }
}

TEST_CASE("what does not follow the grammar is ours when it could name us") {
  for (const std::string value :
       {" mx.ours.test spf=pass", " mx.ours.test/1; none", " <mx.ours.test>; none",
        " spf=pass; mx.ours.test", " ; mx.ours.test", " \"mx.ours.test; none", " (mx.ours.test",
        " \"x mx.ours.test\"; none", " mx.ours.test\x01; none", " @mx.ours.test; none",
        " \"mx.ours.\r\n test; none", " =?utf-8?q?mx.ours.test?=; none", " \"mx.ours\\.test; none",
        " mx(x).ours.test/1; none", " other.test mx.ours.test; none", " \xff; none",
        " m\u00fcller m\u00fcller; none", " =?us-ascii?Q?mx=2Eours=2Etest?=; none",
        " =?us-ascii?B?bXgub3Vycy50ZXN0?=; none"}) {
    INFO(value);
    CHECK(is_ours(value));
  }
  const std::string deep(1000, '(');
  CHECK(is_ours(deep + "mx.ours.test"));
  const std::string nested = std::string(50, '(') + std::string(50, ')');
  CHECK(is_ours(nested + " mx.(x)ours.test; none"));
  for (const std::string value : {"", " ", " ;", " spf=pass", " \"other.test; none", " 1; none"}) {
    INFO(value);
    CHECK_FALSE(is_ours(value));
  }
}

}  // namespace
