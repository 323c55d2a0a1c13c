// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/verify_input.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <fstream>
#include <string>
#include <vector>

#include "base/unique_fd.h"

using ctl::examine_message, ctl::read_input, ctl::take_stored_trace, ctl::with_crlf;

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

TEST_CASE("verify: what is no file is not waited for") {
  const std::string fifo = "/tmp/postern-fifo-" + std::to_string(::getpid());
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const auto nobody_writes = read_input(fifo, 10);
  ::unlink(fifo.c_str());
  REQUIRE_FALSE(nobody_writes.ok());
  CHECK(nobody_writes.error().reason ==
        "cannot read " + fifo + ": it is no file; - is standard input");
  const auto endless = read_input("/dev/zero", 10);
  REQUIRE_FALSE(endless.ok());
  CHECK(endless.error().reason == "cannot read /dev/zero: it is no file; - is standard input");
}

TEST_CASE("verify: lines end in CRLF, however they did in the file") {
  CHECK(with_crlf("a\nb\r\n\n\r\n") == "a\r\nb\r\n\r\n\r\n");
  CHECK(with_crlf("a\rb\r\r\nc") == "a\rb\r\r\nc");
  CHECK(with_crlf("").empty());
}

TEST_CASE("verify: what is known of a message") {
  const std::string message =
      "Return-Path: <a@example.net>\r\nSubject: x\r\n"
      "Authentication-Results: mx.ours.test;\r\n\tspf=pass\r\n\r\nReturn-Path: in the text\r\n";
  const auto facts = examine_message(message, "mx.ours.test");
  REQUIRE(facts.has_value());
  CHECK(facts->bytes == message.size());
  CHECK(facts->header_bytes == message.find("Return-Path: in"));
  CHECK(facts->fields == 3);
  CHECK(facts->taken_out == std::vector<std::string>{"Return-Path: <a@example.net>",
                                                     "Authentication-Results: mx.ours.test;"
                                                     "\tspf=pass"});
  CHECK(examine_message("", "mx.ours.test")->fields == 0);
}

TEST_CASE("verify: a header has a limit") {
  const std::string field = "X: y\r\n";
  std::string header;
  while (header.size() + field.size() <= ctl::kMaxHeader) header += field;
  header.insert(3, std::string(ctl::kMaxHeader - header.size(), 'z'));
  const auto largest = examine_message(header + "\r\ntext\r\n", "mx.ours.test");
  REQUIRE(largest.has_value());
  CHECK(largest->header_bytes == ctl::kMaxHeader + 2);
  CHECK_FALSE(examine_message("z" + header, "mx.ours.test").has_value());
  // A line that is too long to be looked at whole is no field.
  const std::string endless(2 * ctl::kMaxHeader, 'x');
  CHECK(examine_message(endless + ": y\r\n", "mx.ours.test")->header_bytes == 0);
  CHECK_FALSE(examine_message("X: " + endless + "\r\n", "mx.ours.test").has_value());
}

TEST_CASE("verify: what we put on top of a stored message is taken off") {
  const std::string sent = "From: <a@example.net>\r\n\r\ntext\r\n";
  mail::ReceivedFacts received;
  received.hostname = "mx.ours.test";
  received.helo = "client.example.net";
  received.queue_id = "4ABC.1";
  const std::string stored = mail::return_path_field({}) +
                             mail::delivered_to_field({"info", "ours.test", false}) +
                             mail::received_field(received) + sent;
  std::string message = stored;
  const auto trace = take_stored_trace(message, "mx.ours.test", "mx.ours.test");
  REQUIRE(trace.has_value());
  CHECK(message == sent);
  CHECK(trace->fields.size() == 3);
  CHECK_FALSE(take_stored_trace(message, "mx.ours.test", "mx.ours.test").has_value());
  message = stored;
  CHECK_FALSE(take_stored_trace(message, "mx2.ours.test", "mx.ours.test").has_value());
  CHECK(message == stored);
}
