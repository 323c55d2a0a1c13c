// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/verify_report.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "smtp/replies.h"

using nlohmann::json;

namespace {

// A refused message of somebody who would like to steer the terminal.
ctl::VerifyReport report() {
  ctl::VerifyReport report;
  report.file = "mail\x1b[2J.eml";
  report.message = {120, 2, {"Return-Path: <\x1b]0;x\x07@example.net>"}};
  report.session.client = *base::IpAddress::parse("192.0.2.7");
  report.session.helo = "client.example.net";
  report.session.mail_from = mail::Address{"a", "example.net", false};
  report.session.receiver = "mx.ours.test";
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

}  // namespace

TEST_CASE("verify: the report for people") {
  const std::string text = ctl::as_text(report());
  CHECK(std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  for (const char* line :
       {"message   mail\\x1b[2J.eml, 120 bytes, 2 header fields\n", "from      <a@example.net>\n",
        "1      1.2  example.net        TXT   records  secure    \"v=spf1 -all\\155\"\n",
        "2      -    a\\027.example.net  A     failure  bogus     \"no key\"\n",
        "2 lookups in 2 rounds, 2.5 ms\n", "fail    RFC 7208 section 4.6.2  it says -all\n",
        "iprev    client    client.example.net  pass    RFC 8601 section 3      it leads back\n",
        "null_mx  mailfrom  example.net         no      RFC 7505 section 3      -\n",
        "disposition  reject, reason=spf_fail\n",
        "reply        550 5.7.23 SPF: this client may not send mail of example.net\n",
        "taken out    Return-Path: <\\x1b]0;x\\x07@example.net>\n",
        "put on top   Authentication-Results: mx.ours.test;\n              spf=fail\n"}) {
    INFO(text << line);
    CHECK(lines_with(text, line) == 1);
  }
}

TEST_CASE("verify: the report for programs") {
  const json object = json::parse(ctl::as_json(report()));
  std::vector<std::string> names;
  for (const auto& member : object.items()) names.push_back(member.key());
  CHECK(names == std::vector<std::string>{"authentication_results", "detail", "disposition",
                                          "lookups", "message", "ms", "replayed", "reply", "rounds",
                                          "second_opinion", "session", "verdicts", "warnings"});
  CHECK(object["message"]["taken_out"].size() == 1);
  CHECK(object["session"]["from"] == "<a@example.net>");
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
                                      {"reason", "it says -all"},
                                      {"mechanism", "-all"}});
  CHECK(object["disposition"] == "reject");
  CHECK(object["reply"]["code"] == 550);
  CHECK(object["reply"]["line"] == "550 5.7.23 SPF: this client may not send mail of example.net");
  CHECK(object["warnings"] == json::array({"the kernel lacks something"}));
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
  CHECK(lines_with(text, "from      <>\n") == 1);
  CHECK(lines_with(text, "0 lookups in 0 rounds, 2.5 ms\n") == 1);
  CHECK(lines_with(text, "null_mx  mailfrom  -") == 1);
  CHECK(json::parse(ctl::as_json(null))["rounds"] == 0);
}
