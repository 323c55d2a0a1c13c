// SPDX-License-Identifier: Apache-2.0
// What must hold for any input: random dialogues, cut in random pieces. The seed is printed.
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "support/session_driver.h"

namespace {

using support::SessionManner;
using support::SessionRecord;

constexpr int kRounds = 1000;
constexpr int kPiecesOf = 30;  // lines in a random input

const std::vector<std::string> kInputs = {
    "EHLO client.example.net\r\n",
    "HELO client.example.net\r\n",
    "EHLO\r\n",
    "MAIL FROM:<a@example.net>\r\n",
    "MAIL FROM:<refuse@example.net>\r\n",
    "MAIL FROM:<nodata@example.net>\r\nRCPT TO:<info@ours.test>\r\n",
    "MAIL FROM:<noheader@example.net>\r\nRCPT TO:<info@ours.test>\r\n",
    "MAIL FROM:<nomessage@example.net>\r\nRCPT TO:<info@ours.test>\r\n",
    "RCPT TO:<last@ours.test>\r\n",
    "RCPT TO:<refuselast@ours.test>\r\n",
    "MAIL FROM:<> SIZE=10\r\n",
    "MAIL FROM:<a@example.net> X=1\r\n",
    "RCPT TO:<info@ours.test>\r\n",
    "RCPT TO:<refuse@example.net>\r\n",
    "RCPT TO:<>\r\n",
    "DATA\r\n",
    "DATA\r\n.\r\n",
    "BDAT 5 LAST\r\na\r\nb\r\n",
    "BDAT 3\r\na\nb",
    "BDAT 2\r\n..",
    "BDAT 0 LAST\r\n",
    "BDAT 500 LAST\r\nQUIT\r\n",
    "BDAT x\r\n",
    "MAIL FROM:<\xc3\xa9@example.net> SMTPUTF8\r\n",
    "GET / HTTP/1.1\r\n",
    "DATA\r\nSubject: x\r\n\r\nbody\r\n.\r\n",
    "Received: x\r\n\r\n..\r\n.\r\n",
    "MAIL FROM:<a@example.net>\r\nRCPT TO:<info@ours.test>\r\nDATA\r\nx\r\n.\r\n",
    "a\nb\r\n",
    "\r.\r\n",
    "\n.\n",
    ".\r\n",
    std::string("\0", 1),
    "RSET\r\n",
    "NOOP\r\n",
    "HELP\r\n",
    "VRFY info\r\n",
    "STARTTLS\r\n",
    "AUTH PLAIN\r\n",
    "\r\n",
    std::string(600, 'x'),
    "QUIT",
    "\r",
    "\n",
};

const smtp::Settings& settings() {
  static const smtp::Settings some = [] {
    smtp::Settings s;
    s.hostname = "mx.ours.test";
    s.errors_per_session = 25;
    s.max_message_size = 200;
    s.max_recipients = 3;
    return s;
  }();
  return some;
}

std::string random_input(std::mt19937& random) {
  std::string input = kInputs.front();
  std::uniform_int_distribution<std::size_t> pick(0, kInputs.size() - 1);
  for (int i = 0; i < kPiecesOf; ++i) input += kInputs[pick(random)];
  return input;
}

SessionRecord play(const std::string& input, const SessionManner& manner) {
  return support::play_session(settings(), manner, "STARTTLS\r\n", input);
}

std::size_t all() { return std::string::npos; }

TEST_CASE("properties of a session under random input") {
  const std::uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  std::uniform_int_distribution<std::size_t> some(1, 25);
  std::size_t accepted = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::string input = random_input(random);
    INFO(input);
    const SessionRecord bytes = play(input, {false, false, true, [] { return 1u; }});

    // Neither the pieces nor the time of the answers and of the reading change anything, unless
    // the client does not await a reply that it must await.
    const auto piece = [&] { return some(random); };
    REQUIRE(support::agree(bytes, play(input, {false, false, true, all})));
    REQUIRE(support::agree(bytes, play(input, {false, false, true, piece})));
    REQUIRE(support::agree(bytes, play(input, {true, false, true, piece})));
    REQUIRE(support::agree(bytes, play(input, {false, true, true, piece})));
    REQUIRE(support::agree(bytes, play(input, {false, false, false, all})));
    REQUIRE(support::agree(bytes, play(input, {true, false, false, piece})));
    REQUIRE(support::agree(bytes, play(input, {false, false, true, piece, true})));
    CHECK(bytes.broken.empty());

    accepted += bytes.count("message");
    CHECK(support::replies_match_commands(bytes));
    CHECK(bytes.output.find("client.example") == std::string::npos);
  }
  CHECK(accepted > kRounds / 10);  // else the inputs show too little
}

// The state after RSET is that after EHLO: what follows goes alike, whatever was before.
TEST_CASE("nothing of a transaction outlives RSET") {
  const std::string after =
      "DATA\r\nRCPT TO:<info@ours.test>\r\nMAIL FROM:<b@example.net>\r\nDATA\r\n"
      "RCPT TO:<info@ours.test>\r\nDATA\r\nSubject: x\r\n.\r\n";
  const std::string hello = "EHLO client.example.net\r\n";
  const std::size_t skip = play(hello + "RSET\r\n", {false, false, true, all}).output.size();
  const std::string expected =
      play(hello + "RSET\r\n" + after, {false, false, true, all}).output.substr(skip);
  for (const std::string before :
       {"MAIL FROM:<a@example.net>\r\n",
        "MAIL FROM:<a@example.net>\r\nRCPT TO:<refuse@example.net>\r\n",
        "MAIL FROM:<a@example.net>\r\nRCPT TO:<info@ours.test>\r\nRCPT TO:<info@ours.test>\r\n",
        "MAIL FROM:<refuse@example.net>\r\n"}) {
    INFO(before);
    const std::string head = hello + before + "RSET\r\n";
    const std::size_t length = play(head, {false, false, true, all}).output.size();
    CHECK(play(head + after, {false, false, true, all}).output.substr(length) == expected);
  }
}

}  // namespace
