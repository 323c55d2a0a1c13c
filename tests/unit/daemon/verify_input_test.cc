// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/verify_input.h"

#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <fstream>
#include <string>

#include "base/unique_fd.h"
#include "smtp/limits.h"

using ctl::parse_envelope, ctl::read_input;

namespace {

// A file of its own, removed at the end.
struct File {
  explicit File(const std::string& bytes) {
    const base::UniqueFd fd(::mkstemp(path.data()));
    REQUIRE(fd);
    std::ofstream(path) << bytes;
  }
  ~File() { ::unlink(path.c_str()); }
  std::string path = "/tmp/postern-verify-XXXXXX";
};

std::string complaint(const std::string& ip, const std::string& helo, const std::string& from) {
  const auto envelope = parse_envelope(ip, helo, from);
  return envelope ? "" : envelope.error().reason;
}

}  // namespace

TEST_CASE("verify: a file is read whole, up to its limit") {
  const std::string bytes(100000, 'x');
  const File file(bytes);
  const auto whole = read_input(file.path, bytes.size());
  REQUIRE(whole.ok());
  CHECK(*whole == bytes);
  const auto large = read_input(file.path, bytes.size() - 1);
  REQUIRE_FALSE(large.ok());
  CHECK(large.error().system_error == EFBIG);
  CHECK(large.error().reason == file.path + " is larger than 0 MiB");
}

TEST_CASE("verify: what cannot be read is named") {
  const auto missing = read_input("/nowhere/mail", 10);
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().reason == "cannot read /nowhere/mail: No such file or directory");
  CHECK(missing.error().system_error == ENOENT);
  const auto directory = read_input("/tmp", 10);
  REQUIRE_FALSE(directory.ok());
  CHECK(directory.error().reason == "cannot read /tmp: Is a directory");
}

TEST_CASE("verify: the envelope") {
  const auto envelope = parse_envelope("2001:db8::1", "client.example.net", "a@example.net");
  REQUIRE(envelope.ok());
  CHECK(envelope->client.to_string() == "2001:db8::1");
  CHECK(envelope->helo == "client.example.net");
  CHECK(envelope->from.to_string() == "<a@example.net>");
  CHECK_FALSE(envelope->smtputf8);
  CHECK(parse_envelope("192.0.2.1", "a", "<a@example.net>")->from == envelope->from);
  for (const char* null : {"", "<>"}) CHECK(parse_envelope("192.0.2.1", "a", null)->from.is_null());
  CHECK(parse_envelope("192.0.2.1", "a", "j\u00fcrgen@example.net")->smtputf8);
}

TEST_CASE("verify: what no client can say") {
  CHECK(complaint("192.0.2.256", "a", "") == "--ip \"192.0.2.256\" is no IP address");
  CHECK(complaint("192.0.2.0/24", "a", "") == "--ip \"192.0.2.0/24\" is no IP address");
  CHECK(complaint("192.0.2.1", "", "") ==
        "--helo \"\": a client that says so gets 501 5.5.4 Argument missing");
  CHECK(complaint("192.0.2.1", "a b", "") ==
        "--helo \"a b\": a client that says so gets 501 5.5.4 Invalid name");
  CHECK(complaint("192.0.2.1", std::string(smtp::kMaxHelo, 'a'), "").empty());
  CHECK_FALSE(complaint("192.0.2.1", std::string(smtp::kMaxHelo + 1, 'a'), "").empty());
  for (const std::string from : {"a", "a@", "<a@example.net", "a@example.net>", "<a@example.net>b",
                                 "postmaster", "a b@example.net"}) {
    CHECK(complaint("192.0.2.1", "a", from) ==
          "--from \"" + from +
              "\": a client that says so gets 501 5.1.7 Bad sender address syntax");
  }
}

TEST_CASE("verify: a message is the same with either line end") {
  const std::string lines =
      "Return-Path: <a@example.net>\nSubject: x\n"
      "Authentication-Results: mx.ours.test;\n\tspf=pass\n\nReturn-Path: in the text\n";
  std::string wire;
  for (const char c : lines) wire += c == '\n' ? std::string("\r\n") : std::string(1, c);
  for (const std::string& bytes : {lines, wire}) {
    const auto facts = ctl::examine_message(bytes, "mx.ours.test");
    CHECK(facts.bytes == wire.size());
    CHECK(facts.fields == 3);
    CHECK(facts.taken_out ==
          std::vector<std::string>{"Return-Path: <a@example.net>",
                                   "Authentication-Results: mx.ours.test;\tspf=pass"});
  }
  CHECK(ctl::examine_message("", "mx.ours.test").fields == 0);
}
