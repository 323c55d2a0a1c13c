// SPDX-License-Identifier: Apache-2.0
#include "mail/trace.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

namespace {

using std::chrono::seconds;

mail::ReceivedFacts facts() {
  mail::ReceivedFacts facts;
  facts.hostname = "mx.ours.test";
  facts.helo = "client.example.net";
  facts.client = *base::IpAddress::parse("192.0.2.7");
  facts.esmtp = true;
  facts.tls = mail::TlsFacts{"TLSv1.3", "TLS_AES_256_GCM_SHA384"};
  facts.queue_id = "4ABC";
  facts.only_recipient = mail::parse_mailbox("info@ours.test");
  facts.time = base::WallTime(seconds(1795294980));
  return facts;
}

std::string unfolded(std::string text) {
  for (std::size_t at = text.find("\r\n\t"); at != std::string::npos; at = text.find("\r\n\t")) {
    text.replace(at, 3, " ");
  }
  return text;
}

// One field, whatever went in: the only line ends are folds and the last.
void check_is_one_field(const std::string& text) {
  REQUIRE(text.ends_with("\r\n"));
  const std::string one = unfolded(text);
  CHECK(one.find_first_of("\r\n") == one.size() - 2);
  std::size_t start = 0;
  for (std::size_t end = text.find("\r\n"); end != std::string::npos;
       start = end + 2, end = text.find("\r\n", start)) {
    CHECK(end - start <= 998);
  }
}

TEST_CASE("Received of an ESMTPS message for one recipient") {
  const std::string text = mail::received_field(facts());
  CHECK(text ==
        "Received: from client.example.net ([192.0.2.7]) by mx.ours.test with ESMTPS\r\n"
        "\t(TLSv1.3 TLS_AES_256_GCM_SHA384) id 4ABC for <info@ours.test>;\r\n"
        "\tSat, 21 Nov 2026 21:03:00 +0000\r\n");
}

TEST_CASE("the protocol name follows RFC 3848") {
  auto some = facts();
  const auto with = [&] { return unfolded(mail::received_field(some)); };
  CHECK(with().find(" with ESMTPS (TLSv1.3 TLS_AES_256_GCM_SHA384) id ") != std::string::npos);
  some.esmtp = false;
  CHECK(with().find(" with SMTP (TLSv1.3 TLS_AES_256_GCM_SHA384) id ") != std::string::npos);
  some.tls.reset();
  CHECK(with().find(" with SMTP id ") != std::string::npos);
  some.esmtp = true;
  CHECK(with().find(" with ESMTP id ") != std::string::npos);
}

TEST_CASE("without a single recipient nobody is named") {
  auto some = facts();
  some.only_recipient.reset();
  const std::string text = unfolded(mail::received_field(some));
  CHECK(text.find(" for ") == std::string::npos);
  CHECK(text.find(" id 4ABC; Sat, ") != std::string::npos);
}

TEST_CASE("an IPv6 client is written as a literal") {
  auto some = facts();
  some.client = *base::IpAddress::parse("2001:db8::1");
  CHECK(mail::received_field(some).find("([IPv6:2001:db8::1])") != std::string::npos);
}

TEST_CASE("no HELO can leave its place in the field") {
  auto some = facts();
  const auto from = [&](std::string helo) {
    some.helo = std::move(helo);
    const std::string text = mail::received_field(some);
    check_is_one_field(text);
    const std::string one = unfolded(text);
    return one.substr(15, one.find(" (") - 15);
  };
  CHECK(from("a\r\nX-Evil: b") == "a??X-Evil:?b");
  CHECK(from("a\r\n\tfolded") == "a???folded");
  CHECK(from("x (comment)") == "x??comment?");
  CHECK(from("a;b\"c\\d<e>") == "a?b?c?d?e?");
  CHECK(from(std::string("a\0b\xff", 4)) == "a?b?");
  CHECK(from("[192.0.2.7]") == "[192.0.2.7]");
  CHECK(from("[IPv6:::1]") == "[IPv6:::1]");
  CHECK(from("host_name") == "host_name");
  CHECK(from("") == "?");
  CHECK(from(std::string(2000, 'a')) == std::string(mail::kMaxDomain, 'a'));
}

TEST_CASE("long facts are folded and stay below 998 octets a line") {
  auto some = facts();
  some.helo = std::string(255, 'h');
  some.hostname = std::string(253, 'n');
  some.only_recipient = mail::Address{std::string(62, ' '), std::string(190, 'd'), false};
  check_is_one_field(mail::received_field(some));
}

TEST_CASE("Return-Path and Delivered-To") {
  CHECK(mail::return_path_field({}) == "Return-Path: <>\r\n");
  CHECK(mail::return_path_field({mail::parse_mailbox("\"a b\"@example.net")}) ==
        "Return-Path: <\"a b\"@example.net>\r\n");
  CHECK(mail::delivered_to_field({"info", "ours.test", false}) ==
        "Delivered-To: info@ours.test\r\n");
  const auto longest =
      mail::Path{mail::Address{std::string(64, 'l'), std::string(180, 'd'), false}};
  check_is_one_field(mail::return_path_field(longest));
}

TEST_CASE("what only we may say") {
  const mail::HeaderFields header(
      "return-PATH: <a@example.net>\r\nReturn-Path-Of: x\r\n"
      "Authentication-Results: (c) MX.ours.test/1;\r\n spf=pass\r\n"
      "Authentication-Results: mx.example.net; spf=pass\r\nReceived: by mx.ours.test\r\n\r\n");
  mail::OurFields ours("mx.ours.test");
  std::vector<bool> found;
  for (const mail::HeaderField& field : header.all()) found.push_back(ours.include(field));
  CHECK(found == std::vector{true, false, true, false, false});
}

TEST_CASE("what only looks like a field that only we may write") {
  const mail::HeaderFields header(
      "Subject: x\r\nReturn-Path\x0b: <a@example.net>\r\n"
      "authentication-results\xc2\xa0: mx.ours.test; dmarc=pass\r\n"
      "Authentication-Results\r\n : mx.ours.test; dmarc=pass\r\n"
      "\xef\xbb\xbf"
      "Authentication-Results: mx.ours.test; dmarc=pass\r\n"
      "Authentication-\x7fResults: mx.example.net; none\r\n"
      "X Authentication-Results: mx.ours.test; dmarc=pass\r\n"
      "Authentication-Results\r\nA B: Return-Path\x0b: x\r\n\r\n");
  mail::OurFields ours("mx.ours.test");
  std::vector<bool> found;
  for (const mail::HeaderField& field : header.all()) found.push_back(ours.include(field));
  CHECK(found == std::vector{false, true, true, true, true, true, false, false, false});
}

TEST_CASE("of very many Authentication-Results only the first may be somebody else's") {
  std::string text;
  for (std::size_t i = 0; i <= mail::kMaxAuthResultsFields; ++i)
    text += "Authentication-Results: mx.example.net; none\r\nSubject: x\r\n";
  const mail::HeaderFields header(text);
  mail::OurFields ours("mx.ours.test");
  for (std::size_t i = 0; i < header.all().size(); ++i)
    REQUIRE(ours.include(header.all()[i]) == (i == 2 * mail::kMaxAuthResultsFields));
}

TEST_CASE("dates are RFC 5322, in UTC") {
  CHECK(mail::rfc5322_date(base::WallTime()) == "Thu, 01 Jan 1970 00:00:00 +0000");
  CHECK(mail::rfc5322_date(base::WallTime(seconds(951827696))) ==
        "Tue, 29 Feb 2000 12:34:56 +0000");
  CHECK(mail::rfc5322_date(base::WallTime(seconds(4102444799))) ==
        "Thu, 31 Dec 2099 23:59:59 +0000");
}

TEST_CASE("a date of ours is read, and no other") {
  for (const char* text :
       {"1970-01-01T00:00:00Z", "2000-02-29T12:34:56Z", "2099-12-31T23:59:59Z"}) {
    const auto time = base::parse_utc(text);
    REQUIRE(time.has_value());
    CHECK(mail::time_of(mail::rfc5322_date(*time)) == time);
  }
  for (const char* other :
       {"", "Sun, 21 Nov 2026 21:03:00 +0000", "Sat, 21 nov 2026 21:03:00 +0000",
        "Sat, 21 Nov 2026 21:03:00 +0100", "Sat, 31 Nov 2026 21:03:00 +0000",
        "Sat, 21 Nov 2026 21:03:00 +00000", "Sat,\t21 Nov 2026 21:03:00 +0000"}) {
    INFO(other);
    CHECK_FALSE(mail::time_of(other).has_value());
  }
}

}  // namespace
