// SPDX-License-Identifier: Apache-2.0
#include "policy/auth_results.h"

#include <catch2/catch.hpp>

#include "support/auth_results_reader.h"

namespace {

auth::SessionFacts facts() {
  auth::SessionFacts facts;
  facts.client = *base::IpAddress::parse("192.0.2.7");
  facts.helo = "client.example.net";
  facts.mail_from = mail::parse_mailbox("alice@example.net");
  return facts;
}

auth::Verdicts verdicts() {
  auth::Verdicts verdicts;
  verdicts.spf.mailfrom.result = auth::SpfResult::SoftFail;
  verdicts.spf.mailfrom.reason = "~all of example.net matches the client";
  verdicts.spf.mailfrom.explanation = "from a stranger";
  verdicts.spf.helo.reason = "client.example.net has no SPF record";
  verdicts.iprev = {auth::IprevResult::Pass, "client.example.net", "it leads back"};
  return verdicts;
}

support::ReadAuthResults read(const auth::SessionFacts& facts, const auth::Verdicts& verdicts,
                              bool smtputf8 = false) {
  const std::string field =
      policy::authentication_results("mx.ours.test", facts, verdicts, smtputf8);
  INFO(field);
  const auto read = support::AuthResultsReader::read(field, smtputf8);
  REQUIRE(read);
  REQUIRE(read->results.size() == 3);
  return *read;
}

}  // namespace

TEST_CASE("SPF of both identities and iprev, each with its reason") {
  CHECK(policy::authentication_results("mx.ours.test", facts(), verdicts(), false) ==
        "Authentication-Results: mx.ours.test;\r\n"
        " spf=softfail reason=\"~all of example.net matches the client\"\r\n"
        " smtp.mailfrom=alice@example.net;\r\n"
        " spf=none reason=\"client.example.net has no SPF record\"\r\n"
        " smtp.helo=client.example.net;\r\n"
        " iprev=pass reason=\"client.example.net: it leads back\" policy.iprev=192.0.2.7\r\n");
}

TEST_CASE("a null sender is told as postmaster of helo") {
  auth::SessionFacts bounce = facts();
  bounce.mail_from.reset();
  const auto mailfrom = read(bounce, verdicts()).results[0];
  CHECK(mailfrom.properties[0].name == "smtp.mailfrom");
  CHECK(mailfrom.properties[0].value == "postmaster@client.example.net");
  bounce.helo = "[192.0.2.7]";
  CHECK(read(bounce, verdicts()).results[0].properties[0].value == "postmaster@[192.0.2.7]");
}

TEST_CASE("what strangers chose stays in its place") {
  auth::SessionFacts hostile = facts();
  hostile.helo = "x; spf=pass smtp.helo=\"\\y\"\r\n\r\nz";
  hostile.mail_from = mail::parse_mailbox("\"a; dkim=pass \\\" b\"@example.net");
  hostile.client = *base::IpAddress::parse("2001:db8::7");
  auth::Verdicts some = verdicts();
  some.iprev.name = "a\"b\n.example";
  const auto results = read(hostile, some).results;
  CHECK(results[0].properties[0].value == "\"a; dkim=pass \\\" b\"@example.net");
  CHECK(results[1].properties[0].value == "x; spf=pass smtp.helo=\"\\y\"????z");
  CHECK(results[2].reason == "a\\034b\\010.example: it leads back");
  CHECK(results[2].properties[0].value == "2001:db8::7");
}

TEST_CASE("an internationalized sender is whole in a message with SMTPUTF8 only") {
  auth::SessionFacts some = facts();
  some.mail_from->local_part = "m\u00fcller";
  CHECK(read(some, verdicts(), true).results[0].properties[0].value == "m\u00fcller@example.net");
  CHECK(read(some, verdicts(), false).results[0].properties[0].value == "m??ller@example.net");
}
