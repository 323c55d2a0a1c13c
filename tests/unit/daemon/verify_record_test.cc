// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/verify_record.h"

#include <catch2/catch.hpp>
#include <optional>
#include <string>

namespace {

auth::SessionFacts facts() {
  auth::SessionFacts facts;
  facts.client = *base::IpAddress::parse("192.0.2.7");
  facts.helo = "client\x1b.example.net";
  facts.mail_from = mail::Address{"a", "example.net", false};
  facts.time = *base::parse_utc("2026-11-21T21:03:00Z");
  return facts;
}

dns::Answer text(const std::string& record) {
  auto answer = dns::Answer::of(dns::Status::Records, dns::Security::Secure);
  answer.texts = {record};
  return answer;
}

}  // namespace

TEST_CASE("verify: a record has the answers and the time") {
  const dns::Question key{"s._domainkey.example.net", dns::Type::Txt};
  const std::string record = ctl::record_of(facts(), {{key, 1, std::nullopt, text("v=DKIM1; p=")}});
  CHECK(record ==
        "; client 192.0.2.7\n; helo client\\x1b.example.net\n; from <a@example.net>\n"
        "; time 2026-11-21T21:03:00Z\n"
        "s._domainkey.example.net TXT secure records \"v=DKIM1\\059 p=\"\n");
  const auto parsed = ctl::parse_record(record);
  REQUIRE(parsed.ok());
  CHECK(parsed->time == facts().time);
  CHECK(parsed->answers.size() == 1);
  CHECK(*parsed->answers.find(key) == text("v=DKIM1; p="));
}

TEST_CASE("verify: a record may have no time, and the first of several counts") {
  CHECK(ctl::parse_record("")->time == std::nullopt);
  CHECK(ctl::parse_record("; time flies\n;time 2026-11-21T21:03:00Z\n")->time == std::nullopt);
  const auto two = ctl::parse_record(
      "; time flies\n; time 2026-11-21T21:03:00Z\n"
      "; time 2027-11-21T21:03:00Z");
  CHECK(two->time == facts().time);
}

TEST_CASE("verify: what is no record") {
  const auto parsed = ctl::parse_record("; time 2026-11-21T21:03:00Z\nwhat\n");
  REQUIRE_FALSE(parsed.ok());
  CHECK(parsed.error().reason == "line 2: not an answer");
}
