// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/verify_envelope.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "smtp/limits.h"

using ctl::EnvelopeOptions, ctl::make_envelope;

namespace {

const base::WallTime kNow = *base::parse_utc("2026-11-21T21:03:00Z");

EnvelopeOptions options(const std::string& ip, const std::string& helo, const std::string& from) {
  return {ip, helo, from, {}};
}

std::string complaint(const EnvelopeOptions& options, const mail::StoredTrace* trace = nullptr) {
  const auto envelope = make_envelope(options, {trace, {}, kNow});
  return envelope ? "" : envelope.error().reason;
}

mail::StoredTrace trace() {
  mail::StoredTrace trace;
  trace.reverse_path.address = mail::parse_mailbox("b@example.org");
  trace.received.client = *base::IpAddress::parse("198.51.100.1");
  trace.received.helo = "client.example.org";
  trace.received.time = *base::parse_utc("2025-01-02T03:04:05Z");
  return trace;
}

}  // namespace

TEST_CASE("verify: the envelope that options give") {
  const auto envelope = make_envelope(options("2001:db8::1", "client.example.net", "a@example.net"),
                                      {nullptr, {}, kNow + std::chrono::milliseconds(999)});
  REQUIRE(envelope.ok());
  CHECK(envelope->client.to_string() == "2001:db8::1");
  CHECK(envelope->helo == "client.example.net");
  CHECK(envelope->from.to_string() == "<a@example.net>");
  CHECK(envelope->time == kNow);
  CHECK_FALSE(envelope->smtputf8);
  CHECK(std::string(envelope->origins.time) == "clock");
  const auto from = [](const char* text) {
    return make_envelope(options("192.0.2.1", "a", text), {nullptr, {}, kNow});
  };
  CHECK(from("<a@example.net>")->from == envelope->from);
  for (const char* null : {"", "<>"}) CHECK(from(null)->from.is_null());
  CHECK(from("j\u00fcrgen@example.net")->smtputf8);
}

TEST_CASE("verify: the envelope that a stored message gives") {
  const auto stored = trace();
  const auto envelope = make_envelope({}, {&stored, {}, kNow});
  REQUIRE(envelope.ok());
  CHECK(envelope->client == stored.received.client);
  CHECK(envelope->helo == "client.example.org");
  CHECK(envelope->from == stored.reverse_path);
  CHECK(envelope->time == stored.received.time);
  CHECK_FALSE(envelope->smtputf8);
  CHECK(std::string(envelope->origins.client) == "Received");
  CHECK(std::string(envelope->origins.from) == "Return-Path");

  auto with_smtputf8 = stored;
  with_smtputf8.received.smtputf8 = true;
  CHECK(make_envelope({}, {&with_smtputf8, {}, kNow})->smtputf8);
}

TEST_CASE("verify: options win, each for itself") {
  const auto stored = trace();
  const auto& received = stored.received;
  const auto ip = make_envelope({"192.0.2.1", {}, {}, {}}, {&stored, {}, kNow});
  CHECK(ip->client.to_string() == "192.0.2.1");
  CHECK(ip->helo == received.helo);
  CHECK(std::string(ip->origins.client) == "--ip");
  CHECK(std::string(ip->origins.helo) == "Received");
  const auto from = make_envelope({{}, {}, "", {}}, {&stored, {}, kNow});
  CHECK(from->from.is_null());
  CHECK(from->client == received.client);
  const auto time = make_envelope({{}, {}, {}, "2030-01-01T00:00:00Z"}, {&stored, kNow, kNow});
  CHECK(base::utc_text(time->time) == "2030-01-01T00:00:00Z");
  CHECK(std::string(time->origins.time) == "--time");
}

TEST_CASE("verify: the time of a record is ahead of that of the message") {
  const auto stored = trace();
  const auto recorded = *base::parse_utc("2026-01-01T00:00:00Z");
  const auto envelope = make_envelope({}, {&stored, recorded, kNow});
  CHECK(envelope->time == recorded);
  CHECK(std::string(envelope->origins.time) == "--replay");
}

TEST_CASE("verify: what is missing where the message does not say it") {
  const std::string why = " is missing: on top of the message are no fields of this server";
  CHECK(complaint({}) == "--ip" + why);
  CHECK(complaint({"192.0.2.1", {}, {}, {}}) == "--helo" + why);
  CHECK(complaint({"192.0.2.1", "a", {}, {}}) == "--from" + why);
}

TEST_CASE("verify: a name of which Received has a part only is no name") {
  auto stored = trace();
  stored.received.helo = "a?b";
  CHECK(complaint({}, &stored) ==
        "--helo is missing: in \"a?b\", as Received has it, '?' stands for any character");
  CHECK(complaint({{}, "a?b", {}, {}}, &stored).empty());
}

TEST_CASE("verify: what no client can say") {
  CHECK(complaint(options("192.0.2.256", "a", "")) == "--ip \"192.0.2.256\" is no IP address");
  CHECK(complaint(options("192.0.2.0/24", "a", "")) == "--ip \"192.0.2.0/24\" is no IP address");
  CHECK(complaint(options("192.0.2.1", "", "")) ==
        "--helo \"\": a client that says so gets 501 5.5.4 Argument missing");
  CHECK(complaint(options("192.0.2.1", "a b", "")) ==
        "--helo \"a b\": a client that says so gets 501 5.5.4 Invalid name");
  CHECK(complaint(options("192.0.2.1", std::string(smtp::kMaxHelo, 'a'), "")).empty());
  CHECK_FALSE(complaint(options("192.0.2.1", std::string(smtp::kMaxHelo + 1, 'a'), "")).empty());
  for (const std::string from : {"a", "a@", "<a@example.net", "a@example.net>", "<a@example.net>b",
                                 "postmaster", "a b@example.net"}) {
    CHECK(complaint(options("192.0.2.1", "a", from)) ==
          "--from \"" + from +
              "\": a client that says so gets 501 5.1.7 Bad sender address syntax");
  }
  CHECK(complaint({"192.0.2.1", "a", "", "yesterday"}) ==
        "--time \"yesterday\" is no time such as 2026-11-21T21:03:00Z");
}
