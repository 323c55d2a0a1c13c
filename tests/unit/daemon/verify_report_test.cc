// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/verify_report.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "smtp/replies.h"

using nlohmann::json;

namespace {

// One that passes, and one with what strangers may bring into a verdict by a mistake of ours.
auth::DkimVerdicts signatures() {
  auth::DkimVerdict pass;
  pass.result = auth::DkimResult::Pass;
  pass.domain = "example.net";
  pass.selector = "s1";
  pass.identity = "@example.net";
  pass.algorithm = "rsa-sha256";
  pass.signature = "dzdVyOfA";
  pass.reason = "the signature matches";
  pass.section = "RFC 6376 section 6.1.3";
  pass.key_security = dns::Security::Secure;
  pass.testing = true;
  auth::DkimVerdict bad;
  bad.result = auth::DkimResult::Neutral;
  bad.identity = "a\x1b[2J@example.net";
  bad.reason = "a tag is missing\x9b";
  bad.section = "RFC 6376 section 6.1.1";
  return {{pass, bad}, 7};
}

auth::DmarcVerdict author() {
  auth::DmarcVerdict verdict;
  verdict.result = auth::DmarcResult::Pass;
  verdict.author_domain = "a.example.net";
  verdict.reason = "DKIM of example.net is aligned";
  verdict.section = "5.3.5";
  verdict.organizational_domain = "example.net";
  verdict.policy_domain = "example.net";
  verdict.published = auth::DmarcPolicy::Reject;
  verdict.tag = auth::DmarcTag::Sp;
  verdict.testing = true;
  verdict.aligned_method = "dkim";
  verdict.aligned_domain = "example.net";
  verdict.security = dns::Security::Insecure;
  return verdict;
}

// A refused message of somebody who would like to steer the terminal.
ctl::VerifyReport report() {
  ctl::VerifyReport report;
  report.file = "mail\x1b[2J.eml";
  report.message.bytes = 120;
  report.message.fields = 2;
  report.message.taken_off = {"Delivered-To: \x1b]0;x\x07@ours.test"};
  report.message.taken_out = {"Return-Path: <\x1b]0;x\x07@example.net>"};
  report.session.client = *base::IpAddress::parse("192.0.2.7");
  report.session.helo = "client.example.net";
  report.session.mail_from = mail::Address{"a", "example.net", false};
  report.session.receiver = "mx.ours.test";
  report.session.time = *base::parse_utc("2026-11-21T21:03:00Z");
  report.origins = {"--ip", "Received", "Return-Path", "clock"};
  auto text = dns::Answer::of(dns::Status::Records, dns::Security::Secure);
  text.texts = {"v=spf1 -all\x9b"};
  report.lookups = {{{"example.net", dns::Type::Txt}, 1, ctl::Milliseconds(1.25), text},
                    {{"a\x1b.example.net", dns::Type::A},
                     2,
                     std::nullopt,
                     dns::Answer::of(dns::Status::Failure, dns::Security::Bogus, "no key")}};
  report.took = ctl::Milliseconds(2.5);
  report.verdicts.spf.mailfrom = {
      auth::SpfResult::Fail, "example.net", "it says -all", "4.6.2", "-all", ""};
  report.verdicts.spf.helo.section = "4.5";
  report.verdicts.spf.helo.domain = "\xff\x1b";
  report.verdicts.iprev = {auth::IprevResult::Pass, "client.example.net", "it leads back"};
  report.verdicts.null_mx = auth::NullMx::No;
  report.verdicts.dkim = signatures();
  report.verdicts.dmarc = author();
  report.disposition.action = policy::Action::Reject;
  report.disposition.refusal = smtp::replies::spf_fail("example.net");
  report.disposition.detail = "-all";
  report.reply = *report.disposition.refusal;
  report.authentication_results = "Authentication-Results: mx.ours.test;\r\n spf=fail\r\n";
  report.warnings = {"the kernel lacks something"};
  return report;
}

std::size_t lines_with(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

bool is_harmless(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); });
}

}  // namespace

TEST_CASE("verify: a verifier that somebody has taken steers no terminal") {
  ctl::VerifyReport hostile = report();
  hostile.verdicts.spf.mailfrom.section = "\x1b[2J";
  hostile.verdicts.dkim.signatures.front().section = "\x9b\n";
  hostile.verdicts.dmarc.section = "\r";
  const std::string text = ctl::as_text(hostile);
  CHECK(is_harmless(text));
  CHECK(lines_with(text, "\\x9b\\x0a") == 1);
}

TEST_CASE("verify: the report for people") {
  const std::string text = ctl::as_text(report());
  CHECK(is_harmless(text));
  for (const char* line :
       {"message    mail\\x1b[2J.eml, 120 bytes, 2 header fields\n",
        "client     192.0.2.7\n",
        "helo       client.example.net (Received)\n",
        "from       <a@example.net> (Return-Path)\n",
        "time       2026-11-21T21:03:00Z (clock)\n",
        "taken off  Delivered-To: \\x1b]0;x\\x07@ours.test\n",
        "1      1.2  example.net        TXT   records  secure    \"v=spf1 -all\\155\"\n",
        "2      -    a\\027.example.net  A     failure  bogus     \"no key\"\n",
        "2 lookups in 2 rounds, 2.5 ms\n",
        "fail     RFC 7208 section 4.6.2  unknown   it says -all\n",
        "iprev    client    client.example.net  pass     RFC 8601 section 3      -         it leads"
        " back\n",
        "null_mx  mailfrom  example.net         no       RFC 7505 section 3      -         -\n",
        "dkim     1         example.net         pass     RFC 6376 section 6.1.3  secure    the "
        "signature matches\n",
        "dkim     2         -                   neutral  RFC 6376 section 6.1.1  unknown   a tag is"
        " missing\\x9b\n",
        "dmarc    from      a.example.net       pass     RFC 9989 section 5.3.5  insecure  DKIM of "
        "example.net is aligned\n",
        "\nSPF       MECHANISM\nmailfrom  -all\nhelo      -\n\n",
        "\nDKIM  SELECTOR  ALGORITHM   IDENTITY              TESTING  SIGNATURE\n"
        "1     s1        rsa-sha256  @example.net          yes      dzdVyOfA\n"
        "2     -         -           a\\x1b[2J@example.net  no       -\n\n",
        "\nDMARC  FAULT  ORGANIZATIONAL DOMAIN  POLICY DOMAIN  TAG  PUBLISHED  TESTING  APPLIED    "
        " "
        "ALIGNED METHOD  ALIGNED DOMAIN\n"
        "from   none   example.net            example.net    sp   reject     yes      quarantine  "
        "dkim            example.net\n\n",
        "7 more signatures, not looked at\n",
        "disposition  reject, reason=spf_fail\n",
        "reply        550 5.7.23 SPF: this client may not send mail of example.net\n",
        "taken out    Return-Path: <\\x1b]0;x\\x07@example.net>\n",
        "put on top   Authentication-Results: mx.ours.test;\n              spf=fail\n"}) {
    INFO(text << line);
    CHECK(lines_with(text, line) == 1);
  }
}

TEST_CASE("verify: the report for programs") {
  const std::string text = ctl::as_json(report());
  CHECK(std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  const json object = json::parse(text);
  std::vector<std::string> names;
  for (const auto& member : object.items()) names.push_back(member.key());
  CHECK(names == std::vector<std::string>{"authentication_results", "detail", "disposition",
                                          "exception", "lookups", "message", "ms", "replayed",
                                          "reply", "rounds", "second_opinion", "session",
                                          "unlisted_signatures", "verdicts", "warnings"});
  CHECK(object["message"]["taken_out"].size() == 1);
  CHECK(object["message"]["taken_off"].size() == 1);
  CHECK(object["session"] == json{{"client", "192.0.2.7"},
                                  {"helo", "client.example.net"},
                                  {"from", "<a@example.net>"},
                                  {"time", "2026-11-21T21:03:00Z"},
                                  {"receiver", "mx.ours.test"},
                                  {"origins",
                                   {{"client", "--ip"},
                                    {"helo", "Received"},
                                    {"from", "Return-Path"},
                                    {"time", "clock"}}}});
  CHECK(object["rounds"] == 2);
  CHECK(object["ms"] == 2.5);
  CHECK(object["lookups"][0]["ms"] == 1.25);
  CHECK(object["lookups"][0]["records"] == json::array({"\"v=spf1 -all\\155\""}));
  CHECK(object["lookups"][1]["ms"].is_null());
  CHECK(object["lookups"][1]["reason"] == "no key");
  CHECK(object["lookups"][1]["records"] == json::array());
  CHECK(object["verdicts"][0] == json{{"check", "spf"},
                                      {"of", "mailfrom"},
                                      {"name", "example.net"},
                                      {"result", "fail"},
                                      {"section", "RFC 7208 section 4.6.2"},
                                      {"security", "unknown"},
                                      {"reason", "it says -all"},
                                      {"mechanism", "-all"}});
  CHECK(object["verdicts"][2]["security"].is_null());
  CHECK(object["verdicts"][4] == json{{"check", "dkim"},
                                      {"of", "1"},
                                      {"name", "example.net"},
                                      {"result", "pass"},
                                      {"section", "RFC 6376 section 6.1.3"},
                                      {"security", "secure"},
                                      {"reason", "the signature matches"},
                                      {"selector", "s1"},
                                      {"algorithm", "rsa-sha256"},
                                      {"identity", "@example.net"},
                                      {"testing", true},
                                      {"signature", "dzdVyOfA"}});
  CHECK(object["verdicts"][5]["identity"] == "a\x1b[2J@example.net");
  CHECK(object["verdicts"][6] == json{{"check", "dmarc"},
                                      {"of", "from"},
                                      {"name", "a.example.net"},
                                      {"result", "pass"},
                                      {"section", "RFC 9989 section 5.3.5"},
                                      {"security", "insecure"},
                                      {"reason", "DKIM of example.net is aligned"},
                                      {"fault", "none"},
                                      {"organizational_domain", "example.net"},
                                      {"policy_domain", "example.net"},
                                      {"tag", "sp"},
                                      {"published", "reject"},
                                      {"testing", true},
                                      {"applied", "quarantine"},
                                      {"aligned_method", "dkim"},
                                      {"aligned_domain", "example.net"}});
  CHECK(object["unlisted_signatures"] == 7);
  CHECK(object["disposition"] == "reject");
  CHECK(object["reply"]["code"] == 550);
  CHECK(object["reply"]["line"] == "550 5.7.23 SPF: this client may not send mail of example.net");
  CHECK(object["warnings"] == json::array({"the kernel lacks something"}));
}

TEST_CASE("verify: an exception from DMARC is shown") {
  auto excepted = report();
  excepted.disposition = {};
  excepted.disposition.exception = "a list\x1b of theirs";
  CHECK(lines_with(ctl::as_text(excepted), "\nexception    a list\\x1b of theirs\n") == 1);
  CHECK(lines_with(ctl::as_text(report()), "exception") == 0);
  CHECK(json::parse(ctl::as_json(excepted))["exception"] == "a list\x1b of theirs");
}

TEST_CASE("verify: of a replay no time is told") {
  auto replayed = report();
  replayed.replayed = true;
  CHECK(lines_with(ctl::as_text(replayed), "2 lookups in 2 rounds, replayed\n") == 1);
  CHECK(json::parse(ctl::as_json(replayed))["ms"].is_null());
}

TEST_CASE("verify: the null sender, and a message for which nothing is asked") {
  auto null = report();
  null.session.mail_from.reset();
  null.lookups.clear();
  const std::string text = ctl::as_text(null);
  CHECK(lines_with(text, "from       <> (Return-Path)\n") == 1);
  CHECK(lines_with(text, "0 lookups in 0 rounds, 2.5 ms\n") == 1);
  CHECK(lines_with(text, "null_mx  mailfrom  -") == 1);
  CHECK(json::parse(ctl::as_json(null))["rounds"] == 0);
}

TEST_CASE("verify: a message without a signature, and without an author") {
  auto bare = report();
  bare.verdicts.dkim = {};
  bare.verdicts.dmarc = {};
  bare.verdicts.dmarc.result = auth::DmarcResult::PermError;
  bare.verdicts.dmarc.fault = auth::AuthorFault::NoFrom;
  const std::string text = ctl::as_text(bare);
  CHECK(lines_with(text, "dkim     message   -                   none       RFC 8601") == 1);
  CHECK(lines_with(text, "dmarc    from      -                   permerror  ") == 1);
  CHECK(lines_with(text, "\nDKIM ") == 0);
  CHECK(lines_with(text,
                   "from   no_from  -                      -              -    -          -  "
                   "      -        -               -\n") == 1);
  CHECK(lines_with(text, "not looked at") == 0);
  const json verdicts = json::parse(ctl::as_json(bare))["verdicts"];
  CHECK(verdicts.size() == 6);
  CHECK(verdicts[4]["result"] == "none");
  CHECK(verdicts[5]["fault"] == "no_from");
  for (const char* unknown : {"tag", "published", "testing", "applied"})
    CHECK(verdicts[5][unknown].is_null());
}
