// SPDX-License-Identifier: Apache-2.0
#include "dns/answer_text.h"

#include <catch2/catch.hpp>
#include <string>

namespace {

using dns::Question;
using dns::Type;

// One answer of each kind, and a string with every byte.
const std::string kText =
    "1.2.0.192.in-addr.arpa PTR unknown records mx.example.org .\n"
    "a\\032b.example.org A insecure nxdomain\n"
    "example.org A secure records 192.0.2.1 192.0.2.2\n"
    "example.org AAAA secure records 2001:db8::1\n"
    "example.org MX insecure records 10:mx.example.org 0:.\n"
    "example.org TXT secure records \"v=spf1 -all\" \"\" \"\\034\\092\\000\\255\\059\"\n"
    "mx.example.org AAAA insecure nodata\n"
    "slow.example.org A bogus failure \"no answer in 5 s\"\n";

}  // namespace

TEST_CASE("answers as text: the same there and back") {
  const auto table = dns::from_text(kText);
  REQUIRE(table.ok());
  CHECK(dns::to_text(*table) == kText);
  CHECK(table->size() == 8);

  const auto* texts = table->find({"example.org", Type::Txt});
  REQUIRE(texts != nullptr);
  CHECK(texts->security == dns::Security::Secure);
  REQUIRE(texts->texts.size() == 3);
  CHECK(texts->texts[0] == "v=spf1 -all");
  CHECK(texts->texts[2] == std::string("\"\\\0\xff;", 5));
  const auto* exchanges = table->find({"example.org", Type::Mx});
  REQUIRE(exchanges != nullptr);
  CHECK(exchanges->exchanges == std::vector<dns::MailExchange>{{10, "mx.example.org"}, {0, ""}});
  CHECK(table->find({"slow.example.org", Type::A})->reason == "no answer in 5 s");
  CHECK(table->find({"a b.example.org", Type::A})->status == dns::Status::NoName);
}

TEST_CASE("answers as text: comments, empty lines, and a last line without its end") {
  const auto table = dns::from_text("; why\n\n  a.example  A  unknown  records  192.0.2.1 ");
  REQUIRE(table.ok());
  CHECK(dns::to_text(*table) == "a.example A unknown records 192.0.2.1\n");
  CHECK(dns::from_text("")->size() == 0);
}

TEST_CASE("answers as text: every mistake is named by its line") {
  for (const char* line : {
           "a.example",
           "a.example A",
           "a.example A unknown",
           "a.example A unknown records",
           "a.example X unknown records 192.0.2.1",
           "a.example A sure records 192.0.2.1",
           "a.example A unknown perhaps 192.0.2.1",
           "a..example A unknown nodata",
           ". A unknown nodata",
           "a.example A unknown records 192.0.2",
           "a.example A unknown records 2001:db8::1",
           "a.example A unknown records \"192.0.2.1\"",
           "a.example A unknown nodata 192.0.2.1",
           "a.example A unknown failure",
           "a.example A unknown failure slow",
           "a.example A unknown failure \"a\" \"b\"",
           "a.example MX unknown records mx.example",
           "a.example MX unknown records 65536:mx.example",
           "a.example MX unknown records -1:mx.example",
           "a.example MX unknown records :mx.example",
           "a.example MX unknown records 10:mx..example",
           "a.example PTR unknown records a..b",
           "a.example TXT unknown records word",
           "a.example TXT unknown records \"open",
           "a.example TXT unknown records \"a\"\"b\"",
           "a.example TXT unknown records \"\\25\"",
           "a.example TXT unknown records \"\\256\"",
           "a.example TXT unknown records \"\\-12\"",
           "a.example TXT unknown records \"\\-00\"",
       }) {
    CAPTURE(line);
    const auto table = dns::from_text("; first\n" + std::string(line) + "\n");
    REQUIRE_FALSE(table.ok());
    CHECK(table.error().reason == "line 2: not an answer");
  }
  const auto twice = dns::from_text("a.example A unknown nodata\nA.EXAMPLE. A unknown nodata\n");
  REQUIRE_FALSE(twice.ok());
  CHECK(twice.error().reason == "line 2: a second answer to one question");
}
