// SPDX-License-Identifier: Apache-2.0
// What of a message is stored: the fields put on top, and those that are taken out. What the
// verifiers get of it: all that came.
#include "daemon/smtp/transaction.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "config/keys.h"
#include "config/values.h"
#include "ipc/frame.h"
#include "ipc/messages.h"
#include "mail/auth_results.h"

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
  bool read_header() {
    auto read = transaction.read_header(kId, budget_);
    if (read) header = std::move(read->header);
    return read.ok();
  }
  // As deliver does it: the part goes to the end of a file.
  void pass_on_part() {
    const std::string bytes = stored();
    REQUIRE(::write(file_->get(), bytes.data(), bytes.size()) ==
            static_cast<ssize_t>(bytes.size()));
    transaction.collected = file_;
    transaction.appended_bytes += bytes.size();
    transaction.part = std::move(*MessagePart::make(budget_));
  }

  // What is in the part by now.
  std::string stored() {
    std::string bytes(transaction.part->size(), '\0');
    const auto fd = transaction.part->seal();
    REQUIRE(fd.ok());
    CHECK(::pread((*fd)->get(), bytes.data(), bytes.size() + 1, 0) ==
          static_cast<ssize_t>(bytes.size()));
    return bytes;
  }
  smtp_role::StoredHeader put_on_top(std::int64_t copies = 1) {
    policy::AuthSettings settings;
    settings.authserv_id = kId;
    settings.quarantine_folder = "Spam";
    auto stored = transaction.stored_header("mx.ours.test", settings, base::WallTime());
    REQUIRE(std::cmp_equal(stored.copies.size(), copies));
    return stored;
  }
  spool::Mailbox target() { return put_on_top().copies.front().mailbox; }
  std::string top() { return put_on_top().copies.front().header + put_on_top().trace; }
  std::uint64_t used() const { return budget_.used(); }

  // What stands behind the header, as the verifiers read it.
  std::string body() {
    const auto pieces = transaction.body();
    REQUIRE(pieces.ok());
    REQUIRE(pieces->size() <= ipc::kMaxBodyPieces);
    std::string bytes;
    for (const common::MessagePiece& piece : *pieces) bytes += read(piece);
    return bytes;
  }
  static std::string read(const common::MessagePiece& piece) {
    std::string bytes(piece.size, '\0');
    REQUIRE(::pread(piece.fd->get(), bytes.data(), bytes.size(),
                    static_cast<off_t>(piece.offset)) == static_cast<ssize_t>(piece.size));
    return bytes;
  }

 private:
  BufferBudget budget_;
  base::SharedFd file_ = base::share(base::UniqueFd(::memfd_create("file", MFD_CLOEXEC)));

 public:
  Transaction transaction;
  common::MessagePiece header;
};

std::string stored(const std::string& header, const std::string& rest) {
  Stage stage;
  stage.feed(header);
  REQUIRE(stage.read_header());
  stage.feed(rest);
  CHECK(stage.transaction.size_bytes == header.size() + rest.size());
  CHECK(stage.used() == stage.transaction.part->size() + stage.header.size);
  return stage.stored();
}

struct Message {
  const char* what;
  std::string header;
  std::string body;
};

// What a Session gives out before HeaderComplete is the header, or as much of a message as shows
// that it has none.
const std::vector<Message> kMessages = {
    {"nothing is taken out", "A: 1\r\n\r\n", "x\r\n"},
    {"something is", "Return-Path: <a@b>\r\nA: 1\r\n\r\n", "x\r\n\r\ny\r\n"},
    {"all is", "Return-Path: <a@b>\r\nAuthentication-Results: mx.ours.test\r\n\r\n", "x\r\n"},
    {"no body", "Return-Path: <a@b>\r\nA: 1\r\n\r\n", ""},
    {"a body of one line end", "A: 1\r\n\r\n", "\r\n"},
    {"an empty header", "\r\n", "Return-Path: <a@b>\r\n"},
    {"the message ends in the header", "A: 1\r\nReturn-Path: <a@b>\r\n", ""},
    {"an mbox line", "From a@example.net Mon\r\nReturn-Path: <a@b>\r\n\r\n", "x\r\n"},
    {"no header", "", "hello\r\nReturn-Path: <a@b>\r\n"},
    {"nothing at all", "", ""},
};

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

TEST_CASE("the verifiers get the header as it came, and all behind it") {
  for (const Message& message : kMessages) {
    CAPTURE(message.what);
    for (const bool large : {false, true}) {
      Stage stage;
      // Of one without a header some bytes show that.
      const std::size_t seen =
          message.header.empty() ? std::min<std::size_t>(message.body.size(), 6) : 0;
      stage.feed(message.header + message.body.substr(0, seen));
      REQUIRE(stage.read_header());
      CHECK(stage.header.offset == 0);
      CHECK(Stage::read(stage.header) == message.header);
      if (large) stage.pass_on_part();
      stage.feed(message.body.substr(seen));
      if (large) stage.pass_on_part();
      CHECK(stage.body() == message.body);
    }
  }
}

TEST_CASE("the verifiers' header is sealed, and charged until they have no use for it") {
  Stage stage;
  stage.feed("Return-Path: <a@b>\r\nA: 1\r\n\r\n");
  REQUIRE(stage.read_header());
  const auto stored_bytes = stage.transaction.part->size();
  CHECK(stage.used() == stored_bytes + stage.header.size);
  CHECK(::pwrite(stage.header.fd->get(), "x", 1, 0) < 0);
  stage.header.fd.reset();
  CHECK(stage.used() == stored_bytes);
  const auto pieces = stage.transaction.body();
  REQUIRE(pieces.ok());
  CHECK(::pwrite(pieces->front().fd->get(), "x", 1, 0) < 0);
  stage.transaction.part.reset();
  CHECK(stage.used() == stored_bytes);
}

TEST_CASE("a header for which no memory is left is an error, and leaves no charge behind") {
  const std::string text = "Return-Path: <a@b>\r\nA: 1\r\n\r\n";
  Stage stage(2 * text.size() - 1);
  REQUIRE(stage.transaction.part->append(text).ok());
  stage.transaction.header = text;
  CHECK_FALSE(stage.read_header());
  stage.transaction.part.reset();
  CHECK(stage.used() == 0);
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

TEST_CASE("the fields on top are in order, with Authentication-Results when it was judged") {
  Stage stage;
  const std::string before = stage.top();
  CHECK(
      before.starts_with("Return-Path: <alice@b\u00fccher.example>\r\n"
                         "Delivered-To: info@ours.test\r\n"
                         "Received: from client.example.net "));
  auth::Verdicts verdicts;
  verdicts.spf.mailfrom.reason = "why";
  stage.transaction.verdicts = verdicts;
  stage.transaction.disposition.emplace().exception = "a list";
  const std::string field =
      "Authentication-Results: mx.ours.test;\r\n"
      " spf=none reason=\"why\" smtp.mailfrom=alice@xn--bcher-kva.example;\r\n"
      " spf=none smtp.helo=client.example.net;\r\n"
      " iprev=permerror policy.iprev=192.0.2.7;\r\n"
      " dmarc=none policy.override=\"a list\";\r\n"
      " dkim=none\r\n";
  std::string expected = before;
  expected.insert(expected.find("Received:"), field);
  CHECK(stage.top() == expected);
}

TEST_CASE("what is quarantined goes into the folder of each mailbox, all else into the inbox") {
  for (const auto action : {policy::Action::Deliver, policy::Action::Quarantine}) {
    Stage stage;
    CHECK(stage.target() == spool::Mailbox{"ours.test", "info", ""});
    stage.transaction.verdicts = auth::Verdicts();
    stage.transaction.disposition.emplace().action = action;
    const bool quarantined = action == policy::Action::Quarantine;
    CHECK(stage.target() == spool::Mailbox{"ours.test", "info", quarantined ? "Spam" : ""});
  }
}

TEST_CASE("a message for as many mailboxes as may be fits into what deliver is told") {
  const auto most = config::parse_size(config::find_key("smtp.max_recipients")->most);
  REQUIRE(most);
  Stage stage;
  stage.transaction.sender.path.address->local_part = std::string(64, 'x');
  const std::string domain(253, 'd');
  const std::string name(config::kMaxMailboxName - 5, 'm');
  for (std::int64_t i = 10000; i < 10000 + *most; ++i)
    stage.transaction.mailboxes.push_back({domain, name + std::to_string(i)});
  ipc::Deliver deliver;
  deliver.trace.assign(mail::kMaxAuthResults + 4096, 't');
  for (const spool::Copy& copy : stage.put_on_top(1 + *most).copies)
    deliver.copies.push_back({copy.mailbox.domain, copy.mailbox.name,
                              std::string(config::kMaxMailboxName, 'f'), copy.header});
  CHECK(ipc::pack(deliver).size() <=
        ipc::find_type(static_cast<std::uint8_t>(ipc::Type::Deliver))->max_bytes);
}
