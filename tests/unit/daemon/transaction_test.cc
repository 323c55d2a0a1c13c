// SPDX-License-Identifier: Apache-2.0
// What of a message is stored: the fields put on top, and those that are taken out.
#include "daemon/smtp/transaction.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "config/keys.h"
#include "config/values.h"

using smtp_role::BufferBudget;
using smtp_role::MessagePart;
using smtp_role::Transaction;

namespace {

const std::string kId = "mx.ours.test";

class Stage {
 public:
  explicit Stage(std::uint64_t budget = 1u << 20) : budget_(budget) {
    transaction.session.client = *base::Endpoint::parse("192.0.2.7:40000");
    transaction.session.helo = "client.example.net";
    transaction.sender.path = {mail::parse_mailbox("alice@b\u00fccher.example")};
    transaction.add(*mail::parse_mailbox("info@ours.test"), {"ours.test", "info"});
    transaction.queue_id = "4ABC";
    transaction.part = std::move(*MessagePart::make(budget_));
  }

  void feed(const std::string& bytes) {
    REQUIRE(transaction.part->append(bytes).ok());
    REQUIRE(transaction.take(bytes, budget_));
  }
  bool read_header() { return transaction.read_header(kId, budget_).ok(); }

  // What is in the part by now.
  std::string stored() {
    std::string bytes(transaction.part->size(), '\0');
    const auto fd = transaction.part->seal();
    REQUIRE(fd.ok());
    CHECK(::pread(fd->get(), bytes.data(), bytes.size() + 1, 0) ==
          static_cast<ssize_t>(bytes.size()));
    return bytes;
  }
  std::string top() {
    const auto copies = transaction.make_copies("mx.ours.test", kId, base::WallTime());
    REQUIRE(copies.size() == 1);
    return copies.front().header;
  }
  std::uint64_t used() const { return budget_.used(); }

 private:
  BufferBudget budget_;

 public:
  Transaction transaction;
};

std::string stored(const std::string& header, const std::string& rest) {
  Stage stage;
  stage.feed(header);
  REQUIRE(stage.read_header());
  stage.feed(rest);
  CHECK(stage.transaction.size_bytes == header.size() + rest.size());
  CHECK(stage.used() == stage.transaction.part->size());
  return stage.stored();
}

}  // namespace

TEST_CASE("Return-Path and what passes itself off as ours are not stored, all else is") {
  CHECK(stored("Return-Path: <a@b>\r\n"
               "A: 1\r\n"
               "authentication-results : MX.ours.test (x);\r\n spf=pass\r\n"
               "Authentication-Results: mx.other.test; spf=pass\r\n"
               "odd\r\n"
               "RETURN-PATH:\r\n <c@d>\r\n"
               "Received-SPF: pass\r\n"
               "B : 2 \r\n\tfolded\r\n"
               "\r\n",
               "Return-Path: <in@the.text>\r\n\r\nx\r\n") ==
        "A: 1\r\n"
        "Authentication-Results: mx.other.test; spf=pass\r\n"
        "odd\r\n"
        "Received-SPF: pass\r\n"
        "B : 2 \r\n\tfolded\r\n"
        "\r\n"
        "Return-Path: <in@the.text>\r\n\r\nx\r\n");
}

TEST_CASE("a message of which nothing is taken out is stored as it came") {
  for (const std::string header : {"A: 1\r\n\r\n", "A: 1\r\n", "\r\n"})
    CHECK(stored(header, "x\r\n") == header + "x\r\n");
  CHECK(stored("Return-Path: <a@b>\r\n\r\n", "x\r\n") == "\r\nx\r\n");
  CHECK(stored("Return-Path: <a@b>\r\n", "").empty());
}

TEST_CASE("a message without a header loses nothing") {
  Stage stage;
  stage.feed("hello\r\n");
  REQUIRE(stage.read_header());
  stage.feed("Return-Path: <a@b>\r\n");
  CHECK(stage.transaction.needs_empty_line);
  CHECK(stage.top().ends_with("\r\n\r\n"));
  CHECK(stage.stored() == "hello\r\nReturn-Path: <a@b>\r\n");
}

TEST_CASE("one that has come back is known although its fields are taken out") {
  for (const bool back : {false, true}) {
    Stage stage;
    stage.feed(std::string("Return-Path: <a@b>\r\nDelivered-To: ") +
               (back ? "Info@ours.test" : "info@other.test") + "\r\nMessage-ID: <1@b>\r\n\r\n");
    REQUIRE(stage.read_header());
    CHECK(stage.transaction.mailboxes.empty() == back);
    CHECK(stage.transaction.message_id == "<1@b>");
  }
}

TEST_CASE("the longest header that may be configured is one part") {
  const config::Key* key = config::find_key("smtp.max_header_size");
  CHECK(key->most == "1M");
  CHECK(smtp_role::kPartBytes == 1u << 20);
}

TEST_CASE("the fields on top are in order, with Authentication-Results where there are verdicts") {
  Stage stage;
  const std::string before = stage.top();
  CHECK(
      before.starts_with("Return-Path: <alice@b\u00fccher.example>\r\n"
                         "Delivered-To: info@ours.test\r\n"
                         "Received: from client.example.net "));
  auth::Verdicts verdicts;
  verdicts.spf.mailfrom.reason = "why";
  stage.transaction.verdicts = verdicts;
  const std::string field =
      "Authentication-Results: mx.ours.test;\r\n"
      " spf=none reason=\"why\" smtp.mailfrom=alice@xn--bcher-kva.example;\r\n"
      " spf=none smtp.helo=client.example.net;\r\n"
      " iprev=permerror policy.iprev=192.0.2.7\r\n";
  std::string expected = before;
  expected.insert(expected.find("Received:"), field);
  CHECK(stage.top() == expected);
}
