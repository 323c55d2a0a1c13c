// SPDX-License-Identifier: Apache-2.0
#include "mail/stored_trace.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

namespace {

constexpr char kHostname[] = "mx.ours.test";
constexpr char kAuthservId[] = "auth.ours.test";
const std::string kAuthResults =
    "Authentication-Results: auth.ours.test;\r\n spf=pass smtp.mailfrom=a@example.net;\r\n"
    " iprev=pass policy.iprev=192.0.2.7\r\n";
const std::string kMessage = "Received: from elsewhere\r\nSubject: x\r\n\r\ntext\r\n";

mail::ReceivedFacts facts() {
  mail::ReceivedFacts facts;
  facts.hostname = kHostname;
  facts.helo = "client.example.net";
  facts.client = *base::IpAddress::parse("192.0.2.7");
  facts.esmtp = true;
  facts.tls = mail::TlsFacts{"TLSv1.3", "TLS_AES_256_GCM_SHA384"};
  facts.queue_id = "4ABC.1";
  facts.only_recipient = mail::parse_mailbox("info@ours.test");
  facts.time = *base::parse_utc("2026-11-21T21:03:00Z");
  return facts;
}

mail::Path path(const std::string& text) {
  return mail::parse_path(text, mail::PathKind::Reverse)->path;
}

// As the server writes it.
std::string trace(const mail::ReceivedFacts& received = facts(),
                  const std::string& reverse_path = "<a@example.net>",
                  const std::string& auth_results = kAuthResults) {
  return mail::return_path_field(path(reverse_path)) +
         mail::delivered_to_field({"info", "ours.test", false}) + auth_results +
         mail::received_field(received);
}

std::optional<mail::StoredTrace> read(const std::string& message) {
  return mail::read_stored_trace(mail::HeaderFields(message), kHostname, kAuthservId);
}

std::string replaced(std::string text, const std::string& part, const std::string& by) {
  const auto at = text.find(part);
  REQUIRE(at != std::string::npos);
  return text.replace(at, part.size(), by);
}

// What is read is what was written.
void check_read(const mail::ReceivedFacts& facts) {
  const std::string text = trace(facts);
  INFO(text);
  const auto found = read(text + kMessage);
  REQUIRE(found.has_value());
  CHECK(found->size == text.size());
  CHECK(found->received.client == facts.client);
  CHECK(found->received.time == facts.time);
  CHECK(found->received.smtputf8 == facts.smtputf8);
  CHECK(mail::received_field(found->received) == mail::received_field(facts));
}

TEST_CASE("what we put on top is read again") {
  const auto found = read(trace() + kMessage);
  REQUIRE(found.has_value());
  CHECK(found->size == trace().size());
  CHECK(found->reverse_path == path("<a@example.net>"));
  CHECK(found->received.helo == "client.example.net");
  CHECK(found->received.client.to_string() == "192.0.2.7");
  CHECK(base::utc_text(found->received.time) == "2026-11-21T21:03:00Z");
  CHECK(found->fields ==
        std::vector<std::string>{
            "Return-Path: <a@example.net>", "Delivered-To: info@ours.test",
            "Authentication-Results: auth.ours.test; spf=pass smtp.mailfrom=a@example.net;"
            " iprev=pass policy.iprev=192.0.2.7",
            "Received: from client.example.net ([192.0.2.7]) by mx.ours.test with ESMTPS"
            "\t(TLSv1.3 TLS_AES_256_GCM_SHA384) id 4ABC.1 for <info@ours.test>;"
            "\tSat, 21 Nov 2026 21:03:00 +0000"});
}

TEST_CASE("whatever Received can say is read") {
  auto some = facts();
  SECTION("nobody is named") { some.only_recipient.reset(); }
  SECTION("a recipient with all that an address may have") {
    some.only_recipient = mail::parse_mailbox("\"a b; for <c> (d\"@ours.test");
  }
  SECTION("HELO") { some.esmtp = false; }
  SECTION("without TLS") { some.tls.reset(); }
  SECTION("HELO without TLS") {
    some.esmtp = false;
    some.tls.reset();
  }
  SECTION("SMTPUTF8") { some.smtputf8 = true; }
  SECTION("REQUIRETLS") { some.require_tls = true; }
  SECTION("IPv6") { some.client = *base::IpAddress::parse("2001:db8::1"); }
  SECTION("a literal") { some.helo = "[IPv6:2001:db8::1]"; }
  SECTION("a name that takes a line") { some.helo = std::string(255, 'x'); }
  SECTION("a name with what it cannot say") { some.helo = "a(b)\"c"; }
  SECTION("the last of a leap February") { some.time = *base::parse_utc("2028-02-29T23:59:59Z"); }
  check_read(some);
}

TEST_CASE("whatever Return-Path can say is read") {
  for (const std::string sender :
       {"<>", "<\"a > b\"@example.net>", "<j\u00fcrgen@b\u00fccher.test>", "<a@[192.0.2.1]>"}) {
    INFO(sender);
    const auto found = read(trace(facts(), sender) + kMessage);
    REQUIRE(found.has_value());
    CHECK(found->reverse_path.to_string() == sender);
  }
}

TEST_CASE("a message that was not judged has no Authentication-Results") {
  const auto found = read(trace(facts(), "<>", "") + kMessage);
  REQUIRE(found.has_value());
  CHECK(found->fields.size() == 3);
}

TEST_CASE("of two such blocks only the topmost is read") {
  auto older = facts();
  older.client = *base::IpAddress::parse("198.51.100.1");
  const auto found = read(trace() + trace(older, "<forged@example.org>") + kMessage);
  REQUIRE(found.has_value());
  CHECK(found->size == trace().size());
  CHECK(found->reverse_path == path("<a@example.net>"));
}

TEST_CASE("a message without a header, and none at all") {
  CHECK(read(trace() + "\r\ntext\r\n")->size == trace().size());
  CHECK(read(trace())->size == trace().size());
  CHECK_FALSE(read("").has_value());
  CHECK_FALSE(read(kMessage).has_value());
}

TEST_CASE("what is not as we write it is not ours") {
  const std::string ours = trace();
  const std::pair<const char*, const char*> kChanges[] = {
      {"Return-Path:", "Return-path:"},
      {"Return-Path: ", "Return-Path:  "},
      {"Return-Path: ", "Return-Path:"},
      {"<a@example.net>", "a@example.net"},
      {"<a@example.net>", "<a@example.net> (x)"},
      {"<a@example.net>", "<@b.test:a@example.net>"},
      {"Delivered-To: ", "Delivered-To:\t"},
      {"Delivered-To: info@", "Delivered-To: \"info\"@"},
      {"Delivered-To: ", "X: y\r\nDelivered-To: "},
      {"Authentication-Results: auth.ours.test;", "Authentication-Results: mx.ours.test;"},
      {"Authentication-Results: auth.ours.test;", "Authentication-Results: auth.ours.test.x;"},
      {"Authentication-Results: auth.ours.test;", "Authentication-Results: AUTH.ours.test;"},
      {"Authentication-Results: ", "authentication-results: "},
      {"Authentication-Results: ", "X-Authentication-Results: "},
      {"Received: from", "X: y\r\nReceived: from"},
      {"Received: from", "Received:  from"},
      {"from client", "From client"},
      {"client.example.net",
       "client.example.net."
       " (x)"},
      {"([192.0.2.7])", "([192.0.2.07])"},
      {"([192.0.2.7])", "([IPv6:192.0.2.7])"},
      {"([192.0.2.7])", "([::ffff:192.0.2.7])"},
      {"([192.0.2.7])", "(192.0.2.7)"},
      {"by mx.ours.test", "by mx.ours.test.example.net"},
      {"by mx.ours.test", "by MX.ours.test"},
      {"by mx.ours.test", "by mx.example.net"},
      {"with ESMTPS", "with ESMTP"},
      {"with ESMTPS", "with ESMTPSA"},
      {"with ESMTPS\r\n\t", "with ESMTPS "},
      {"(TLSv1.3", "(x) (TLSv1.3"},
      {" id 4ABC.1", " id 4ABC.1 (x)"},
      {" id 4ABC.1", ""},
      {"AES_256", "AES 256"},
      {"for <info@ours.test>", "for info@ours.test"},
      {"for <info@ours.test>", "for <info@ours.test> (x)"},
      {"Sat, 21", "Sun, 21"},
      {"Sat, 21", "Sat,  21"},
      {"Nov", "nov"},
      {"21:03:00 +0000", "21:03:00 +0100"},
      {"21:03:00 +0000", "21:03:60 +0000"},
      {"21:03:00 +0000", "21:03:00 +0000 (UTC)"},
  };
  for (const auto& [part, by] : kChanges) {
    INFO(part << " -> " << by);
    CHECK_FALSE(read(replaced(ours, part, by) + kMessage).has_value());
  }
}

TEST_CASE("the order is part of it") {
  const std::string ours = trace();
  const std::string received = mail::received_field(facts());
  const std::string without = ours.substr(0, ours.size() - received.size());
  CHECK_FALSE(read(received + without + kMessage).has_value());
  CHECK_FALSE(read("X: y\r\n" + ours + kMessage).has_value());
  CHECK_FALSE(read("\r\n" + ours + kMessage).has_value());
  for (const std::string& begin : {without, ours.substr(0, without.find("Authentication"))})
    CHECK_FALSE(read(begin + kMessage).has_value());
  CHECK_FALSE(read(without + kAuthResults + received + kMessage).has_value());
}

TEST_CASE("a field of a mebibyte that is only folding is read in time that is linear") {
  std::string folds = "Received:";
  while (folds.size() < (1u << 20)) folds += "\r\n\t";
  const std::string begin = trace().substr(0, trace().find("Received:"));
  CHECK_FALSE(read(begin + folds + "; \r\n" + kMessage).has_value());
}

}  // namespace
