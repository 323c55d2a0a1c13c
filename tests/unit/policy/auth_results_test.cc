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

std::string written(const auth::SessionFacts& facts, const auth::Verdicts& verdicts,
                    bool smtputf8 = false, const std::string& exception = {}) {
  policy::Disposition disposition;
  disposition.exception = exception;
  return policy::authentication_results("mx.ours.test", facts, verdicts, disposition, smtputf8);
}

std::vector<mail::AuthResult> read(const auth::SessionFacts& facts, const auth::Verdicts& verdicts,
                                   bool smtputf8 = false) {
  const std::string field = written(facts, verdicts, smtputf8);
  INFO(field);
  CHECK(field.size() <= mail::kMaxAuthResults);
  const auto read = support::AuthResultsReader::read(field, smtputf8);
  REQUIRE(read);
  REQUIRE(read->results.size() >= 5);
  return read->results;
}

// Without the part that is the same for all.
std::vector<mail::AuthResult> signatures(const auth::DkimVerdicts& dkim) {
  auth::Verdicts some = verdicts();
  some.dkim = dkim;
  auto results = read(facts(), some);
  results.erase(results.begin(), results.begin() + 4);
  return results;
}

auth::DkimVerdict signature(auth::DkimResult result, const std::string& domain,
                            const std::string& selector = "sel") {
  auth::DkimVerdict verdict;
  verdict.result = result;
  verdict.domain = domain;
  verdict.selector = selector;
  verdict.algorithm = "rsa-sha256";
  verdict.signature = "ab/+cdEF";
  verdict.reason = "why";
  return verdict;
}

// "header.d=example.org header.s=sel"
std::string properties_of(const mail::AuthResult& result) {
  std::string text;
  for (const mail::AuthProperty& property : result.properties)
    text += (text.empty() ? "" : " ") + property.name + '=' + property.value;
  return text;
}

}  // namespace

TEST_CASE("every check with its reason, in the form of RFC 8601") {
  auth::Verdicts some = verdicts();
  some.spf.mailfrom.security = dns::Security::Secure;
  some.spf.helo.security = dns::Security::Unknown;
  some.dkim.signatures = {signature(auth::DkimResult::Pass, "example.net")};
  some.dkim.signatures[0].identity = "@mail.example.net";
  some.dkim.signatures[0].key_security = dns::Security::Insecure;
  some.dmarc.result = auth::DmarcResult::Fail;
  some.dmarc.author_domain = "example.org";
  some.dmarc.published = auth::DmarcPolicy::Reject;
  some.dmarc.reason = "nothing is aligned";
  some.dmarc.security = dns::Security::Secure;
  CHECK(written(facts(), some, false, "from 192.0.2.0/24, until 2027-06-30: a \"list\"") ==
        "Authentication-Results: mx.ours.test;\r\n"
        " spf=softfail reason=\"~all of example.net matches the client\"\r\n"
        " policy.dnssec=secure smtp.mailfrom=alice@example.net;\r\n"
        " spf=none reason=\"client.example.net has no SPF record\"\r\n"
        " smtp.helo=client.example.net;\r\n"
        " iprev=pass reason=\"client.example.net: it leads back\" policy.iprev=192.0.2.7;\r\n"
        " dmarc=fail reason=\"nothing is aligned\" header.from=example.org\r\n"
        " policy.dmarc=reject policy.dnssec=secure\r\n"
        " policy.override=\"from 192.0.2.0/24, until 2027-06-30: a \\\"list\\\"\";\r\n"
        " dkim=pass reason=\"why\" header.d=example.net header.s=sel header.a=rsa-sha256\r\n"
        " policy.dnssec=insecure header.i=@mail.example.net\r\n");
}

TEST_CASE("a message without a signature, and one without an author") {
  auth::Verdicts some = verdicts();
  some.dmarc.result = auth::DmarcResult::PermError;
  some.dmarc.fault = auth::AuthorFault::NoFrom;
  some.dmarc.reason = "the message has no From field";
  const auto results = read(facts(), some);
  REQUIRE(results.size() == 5);
  CHECK(results[3].method + '=' + results[3].result == "dmarc=permerror");
  CHECK(results[3].properties.empty());
  CHECK(results[4].method + '=' + results[4].result == "dkim=none");
  CHECK((results[4].reason.empty() && results[4].properties.empty()));
}

TEST_CASE("a null sender is told as postmaster of helo") {
  auth::SessionFacts bounce = facts();
  bounce.mail_from.reset();
  const auto mailfrom = read(bounce, verdicts())[0];
  CHECK(mailfrom.properties[0].name == "smtp.mailfrom");
  CHECK(mailfrom.properties[0].value == "postmaster@client.example.net");
  bounce.helo = "[192.0.2.7]";
  CHECK(read(bounce, verdicts())[0].properties[0].value == "postmaster@[192.0.2.7]");
}

TEST_CASE("what strangers chose stays in its place") {
  auth::SessionFacts hostile = facts();
  hostile.helo = "x; spf=pass smtp.helo=\"\\y\"\r\n\r\nz";
  hostile.mail_from = mail::parse_mailbox("\"a; dkim=pass \\\" b\"@example.net");
  hostile.client = *base::IpAddress::parse("2001:db8::7");
  auth::Verdicts some = verdicts();
  some.iprev.name = "a\"b\n.example";
  some.dkim.signatures = {signature(auth::DkimResult::Pass, "a.example; dkim=pass\r\n", "\"")};
  some.dkim.signatures[0].identity = "\"; dmarc=pass (\"@a.example";
  some.dmarc.author_domain = "a b; x=y";
  const auto results = read(hostile, some);
  REQUIRE(results.size() == 5);
  CHECK(results[0].properties[0].value == "\"a; dkim=pass \\\" b\"@example.net");
  CHECK(results[1].properties[0].value == "x; spf=pass smtp.helo=\"\\y\"????z");
  CHECK(results[2].reason == "a\\034b\\010.example: it leads back");
  CHECK(results[2].properties[0].value == "2001:db8::7");
  CHECK(properties_of(results[3]) == "header.from=a b; x=y");
  CHECK(properties_of(results[4]) ==
        "header.d=a.example; dkim=pass?? header.s=\" header.a=rsa-sha256 "
        "header.i=\"; dmarc=pass (\"@a.example");
}

TEST_CASE("an internationalized sender is whole in a message with SMTPUTF8 only") {
  auth::SessionFacts some = facts();
  some.mail_from->local_part = "m\u00fcller";
  CHECK(read(some, verdicts(), true)[0].properties[0].value == "m\u00fcller@example.net");
  CHECK(read(some, verdicts(), false)[0].properties[0].value == "m??ller@example.net");
}

TEST_CASE("the policy is what the domain asks for by now, and nothing where it is not known") {
  auth::Verdicts some = verdicts();
  some.dmarc.author_domain = "example.org";
  const auto told = [&] { return properties_of(read(facts(), some)[3]); };
  CHECK(told() == "header.from=example.org");
  some.dmarc.published = auth::DmarcPolicy::Reject;
  some.dmarc.testing = true;
  CHECK(told() == "header.from=example.org policy.dmarc=quarantine");
  some.dmarc.published = auth::DmarcPolicy::None;
  some.dmarc.security = dns::Security::Bogus;
  CHECK(told() == "header.from=example.org policy.dmarc=none");
}

TEST_CASE("each signature is told, those first that passed, and by header.b where it needs that") {
  using auth::DkimResult;
  auth::DkimVerdict twin = signature(DkimResult::Pass, "example.org");
  twin.signature = "ZZZZZZZZ";
  twin.testing = true;
  auth::DkimVerdict broken = signature(DkimResult::PermError, "", "");
  broken.algorithm.clear();
  const auto results = signatures({{signature(DkimResult::Fail, "example.org"), broken, twin,
                                    signature(DkimResult::Pass, "example.org", "other")},
                                   0});
  REQUIRE(results.size() == 4);
  CHECK(results[0].result + ' ' + properties_of(results[0]) ==
        "pass header.d=example.org header.s=sel header.a=rsa-sha256 header.b=ZZZZZZZZ");
  CHECK(results[0].reason == "why, by a key for tests");
  CHECK(results[1].result + ' ' + properties_of(results[1]) ==
        "pass header.d=example.org header.s=other header.a=rsa-sha256");
  CHECK(results[2].result + ' ' + properties_of(results[2]) ==
        "fail header.d=example.org header.s=sel header.a=rsa-sha256 header.b=ab/+cdEF");
  CHECK(results[3].result + ' ' + properties_of(results[3]) == "permerror ");
}

TEST_CASE("of many signatures those that passed are there, and the others are counted") {
  using auth::DkimResult;
  auth::DkimVerdicts dkim{{}, 900};
  for (int i = 0; i < 99; ++i) {
    dkim.signatures.push_back(signature(DkimResult::Fail, "a.example", std::to_string(i)));
    dkim.signatures.back().identity = std::string(200, '"') + "@a.example";
    dkim.signatures.back().reason = std::string(400, '"');
  }
  dkim.signatures.push_back(signature(DkimResult::Pass, "example.org"));
  const auto results = signatures(dkim);
  REQUIRE(results.size() > 5);
  CHECK(results.front().result == "pass");
  const std::size_t told = results.size() - 1;
  CHECK(results.back().result == "neutral");
  CHECK(results.back().reason == std::to_string(1000 - told) + " more, not told here");
  CHECK(results.back().properties.empty());
  CHECK(signatures({{}, 1}).back().reason == "1 more, not told here");
}

TEST_CASE("there is room for every check, whatever it says") {
  const std::string longest(1000, '"');
  auth::SessionFacts hostile = facts();
  hostile.helo = longest;
  hostile.mail_from->local_part = longest;
  auth::Verdicts some = verdicts();
  some.spf.mailfrom.reason = some.spf.helo.reason = some.iprev.reason = longest;
  some.dmarc.reason = some.dmarc.author_domain = longest;
  some.dkim.signatures.assign(100, signature(auth::DkimResult::Pass, longest, longest));
  some.dkim.signatures.back().reason = longest;
  some.dkim.unlisted = UINT32_MAX;
  const std::string field = written(hostile, some, false, longest);
  CHECK(field.size() <= mail::kMaxAuthResults);
  const auto read = support::AuthResultsReader::read(field, false);
  REQUIRE(read);
  CHECK(read->results[3].properties.back().name == "policy.override");
  CHECK(read->results.back().reason.ends_with(" more, not told here"));
}

TEST_CASE("the signatures in a word, for the log") {
  using auth::DkimResult;
  CHECK(policy::dkim_summary({}) == "none");
  CHECK(policy::dkim_summary(
            {{signature(DkimResult::PermError, "", ""), signature(DkimResult::Fail, "example.net"),
              signature(DkimResult::Pass, "example.org", "a.b")},
             3}) == "pass:example.org/a.b,permerror:,fail:example.net/sel");
}
