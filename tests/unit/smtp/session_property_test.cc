// SPDX-License-Identifier: Apache-2.0
// What must hold for any input: random dialogues, cut in random pieces. The seed is printed.
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "smtp/limits.h"
#include "smtp/replies.h"
#include "smtp/session.h"

namespace {

namespace replies = smtp::replies;

constexpr int kRounds = 1000;
constexpr int kPiecesOf = 30;  // lines in a random input

const std::vector<std::string> kInputs = {
    "EHLO client.example.net\r\n",
    "HELO client.example.net\r\n",
    "EHLO\r\n",
    "MAIL FROM:<a@example.net>\r\n",
    "MAIL FROM:<refuse@example.net>\r\n",
    "MAIL FROM:<> SIZE=10\r\n",
    "MAIL FROM:<a@example.net> X=1\r\n",
    "RCPT TO:<info@ours.test>\r\n",
    "RCPT TO:<refuse@example.net>\r\n",
    "RCPT TO:<>\r\n",
    "DATA\r\n",
    "DATA\r\n.\r\n",
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

// What happened to a session, with what may differ between two cuts of the same input left out.
struct Record {
  std::string output;
  std::vector<std::string> events;
  std::string counts;
  bool silent_while_asked = true;
  std::uint64_t refusals = 0;
  bool operator==(const Record&) const = default;
};

class Driver {
 public:
  explicit Driver(bool late_answers)
      : late_answers_(late_answers), session_(settings(), {}, base::Instant{}) {}

  static const smtp::Settings& settings() {
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

  void start() {
    drain();
    answer_late();
    feed("STARTTLS\r\n");
    session_.on_tls({});
    drain();
  }
  void feed(std::string_view bytes) {
    session_.on_bytes(bytes, {});
    drain();
  }
  Record finish() {
    answer_late();
    record_.counts = session_.command_counts();
    record_.refusals = session_.counters().refusals;
    return record_;
  }

 private:
  void drain() {
    while (true) {
      while (auto event = session_.next_event()) on_event(*event);
      take_output();
      if (!open_ || late_answers_) return;
      answer_late();
    }
  }

  // Answers only after more input came: the order of things must not change by it.
  void answer_late() {
    while (open_) {
      const auto [ticket, reply] = *std::exchange(open_, std::nullopt);
      session_.answer(ticket, reply, {});
      while (auto event = session_.next_event()) on_event(*event);
      take_output();
    }
  }

  void take_output() {
    if (open_ && !session_.output().empty()) record_.silent_while_asked = false;
    record_.output += session_.output();
    session_.output_sent(session_.output().size());
  }

  void ask(const std::string& what, smtp::Ticket ticket, smtp::Reply reply) {
    record_.events.push_back(what + ' ' + std::exchange(body_, {}));
    take_output();
    open_.emplace(ticket, std::move(reply));
  }

  void on_event(const smtp::Event& event) {
    if (open_) record_.silent_while_asked = false;
    if (const auto* body = std::get_if<smtp::Body>(&event)) {
      body_ += body->bytes;
    } else if (const auto* connect = std::get_if<smtp::AskConnect>(&event)) {
      ask("connect", connect->ticket, replies::greeting("mx.ours.test"));
    } else if (const auto* sender = std::get_if<smtp::AskSender>(&event)) {
      const std::string path = sender->sender.path.to_string();
      ask("sender " + path, sender->ticket, verdict(path, replies::sender_ok()));
    } else if (const auto* recipient = std::get_if<smtp::AskRecipient>(&event)) {
      const std::string path = recipient->path.to_string();
      ask("recipient " + path, recipient->ticket, verdict(path, replies::recipient_ok()));
    } else if (const auto* data = std::get_if<smtp::AskData>(&event)) {
      ask("data", data->ticket, replies::data_go_ahead());
    } else if (const auto* message = std::get_if<smtp::AskMessage>(&event)) {
      CHECK(message->size == body_.size());
      ask("message", message->ticket, replies::message_ok("Q"));
    } else {
      news(event);
    }
  }
  // Of a message that does not become whole, how much came out before that was seen may differ.
  void news(const smtp::Event& event) {
    body_.clear();
    if (const auto* refused = std::get_if<smtp::Refused>(&event)) {
      record_.events.push_back("refused " + std::string(refused->verb) + refused->reply.text);
    } else if (const auto* close = std::get_if<smtp::Close>(&event)) {
      record_.events.push_back("close " + std::string(close->reason));
    } else {
      record_.events.push_back("event " + std::to_string(event.index()));
    }
  }
  static smtp::Reply verdict(const std::string& path, const smtp::Reply& good) {
    return path.starts_with("<refuse") ? replies::relay_denied() : good;
  }

  const bool late_answers_;
  smtp::Session session_;
  Record record_;
  std::string body_;
  std::optional<std::pair<smtp::Ticket, smtp::Reply>> open_;
};

std::string random_input(std::mt19937& random) {
  std::string input = kInputs.front();
  std::uniform_int_distribution<std::size_t> pick(0, kInputs.size() - 1);
  for (int i = 0; i < kPiecesOf; ++i) input += kInputs[pick(random)];
  return input;
}

Record play(const std::string& input, bool late_answers,
            const std::function<std::size_t()>& piece) {
  Driver driver(late_answers);
  driver.start();
  for (std::size_t at = 0; at < input.size();) {
    const std::size_t size = std::min(piece(), input.size() - at);
    driver.feed(std::string_view(input).substr(at, size));
    at += size;
  }
  return driver.finish();
}

// Reply-line = code ( SP / "-" ) text CRLF, RFC 5321 section 4.2; all lines of a reply have one
// code.
std::size_t count_replies(const std::string& output) {
  std::size_t replies = 0;
  std::string continued;
  for (std::size_t at = 0; at < output.size();) {
    const std::size_t end = output.find("\r\n", at);
    REQUIRE(end != std::string::npos);
    const std::string line = output.substr(at, end - at);
    CHECK(line.size() + 2 <= smtp::kMaxReplyLine);
    REQUIRE(line.size() >= 4);
    CHECK((line[0] >= '2' && line[0] <= '5'));
    CHECK((line[3] == ' ' || line[3] == '-'));
    if (!continued.empty()) CHECK(line.substr(0, 3) == continued);
    continued = line[3] == '-' ? line.substr(0, 3) : "";
    if (continued.empty()) ++replies;
    at = end + 2;
  }
  CHECK(continued.empty());
  return replies;
}

std::size_t sum_of_counts(const std::string& counts) {
  std::size_t sum = 0;
  for (std::size_t at = counts.find('='); at != std::string::npos; at = counts.find('=', at + 1)) {
    sum += std::stoul(counts.substr(at + 1));
  }
  return sum;
}

std::size_t count_of(const Record& record, const std::string& text) {
  std::size_t count = 0;
  for (const std::string& event : record.events) count += event.starts_with(text);
  return count;
}

TEST_CASE("properties of a session under random input") {
  const std::uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  std::uniform_int_distribution<std::size_t> some(1, 25);
  std::size_t accepted = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::string input = random_input(random);
    INFO(input);
    const Record whole = play(input, false, [&] { return input.size(); });

    // Neither the pieces nor the time of the answers change anything.
    REQUIRE(play(input, false, [] { return 1u; }) == whole);
    REQUIRE(play(input, false, [&] { return some(random); }) == whole);
    REQUIRE(play(input, true, [&] { return some(random); }) == whole);
    CHECK(whole.silent_while_asked);

    // One reply for the greeting and each command, one more for a body that came to its end, and
    // one when the session says why it closes.
    accepted += count_of(whole, "message");
    const std::size_t bodies =
        count_of(whole, "message") +
        count_of(whole, "event " + std::to_string(smtp::Event(smtp::MessageDropped{}).index()));
    CHECK(count_replies(whole.output) ==
          1 + sum_of_counts(whole.counts) + bodies + count_of(whole, "close errors"));
    CHECK(whole.output.find("client.example") == std::string::npos);
  }
  CHECK(accepted > kRounds / 10);  // else the inputs show too little
}

// The state after RSET is that after EHLO: what follows goes alike, whatever was before.
TEST_CASE("nothing of a transaction outlives RSET") {
  const std::string after =
      "DATA\r\nRCPT TO:<info@ours.test>\r\nMAIL FROM:<b@example.net>\r\nDATA\r\n"
      "RCPT TO:<info@ours.test>\r\nDATA\r\nSubject: x\r\n.\r\n";
  const auto all = [] { return std::string::npos; };
  const std::string hello = "EHLO client.example.net\r\n";
  const std::size_t skip = play(hello + "RSET\r\n", false, all).output.size();
  const std::string expected = play(hello + "RSET\r\n" + after, false, all).output.substr(skip);
  for (const std::string before :
       {"MAIL FROM:<a@example.net>\r\n",
        "MAIL FROM:<a@example.net>\r\nRCPT TO:<refuse@example.net>\r\n",
        "MAIL FROM:<a@example.net>\r\nRCPT TO:<info@ours.test>\r\nRCPT TO:<info@ours.test>\r\n",
        "MAIL FROM:<refuse@example.net>\r\n"}) {
    INFO(before);
    const std::string head = hello + before + "RSET\r\n";
    const std::size_t length = play(head, false, all).output.size();
    CHECK(play(head + after, false, all).output.substr(length) == expected);
  }
}

}  // namespace
