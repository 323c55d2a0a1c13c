// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <random>
#include <utility>

#include "policy/recipients.h"
#include "smtp/replies.h"
#include "smtp/session.h"
#include "support/dialog.h"

namespace dialog {
namespace {

// The names that tests/dialogs/README.md promises.
const policy::Recipients& recipients() {
  policy::Domain ours;
  ours.name = "ours.test";
  ours.mailboxes = {"postmaster", "info", "sales"};
  ours.aliases = {{"abuse", "postmaster"}};
  policy::Domain international;
  international.name = "xn--bcher-kva.test";
  international.mailboxes = {"info"};
  static const policy::Recipients table({ours, international});
  return table;
}

smtp::PeerFacts peer_of(const Dialog& dialog) {
  smtp::PeerFacts peer;
  peer.client = {*base::IpAddress::parse("192.0.2.7"), 40000};
  peer.implicit_tls = dialog.implicit_tls;
  return peer;
}

std::string shown(std::string_view bytes) {
  std::string text;
  for (const char c : bytes.substr(0, 400)) {
    text += c == '\r' ? "\\r" : c == '\n' ? "\\n" : c == '\0' ? "\\0" : std::string(1, c);
  }
  return text;
}

bool matches(const std::string& pattern, const std::string& line) {
  if (!pattern.ends_with('*')) return line == pattern;
  return line.starts_with(pattern.substr(0, pattern.size() - 1));
}

struct Failure {
  std::string what;
};

class Player {
 public:
  Player(const Dialog& dialog, Split split, std::uint32_t seed)
      : dialog_(dialog),
        split_(split),
        random_(seed),
        now_(std::chrono::hours(1)),
        session_(dialog.settings, peer_of(dialog), now_) {
    session_.delay_greeting(dialog.greeting_delay);
  }

  void play() {
    for (const Step& step : dialog_.steps) {
      line_ = step.line;
      if (!is_preparation(step.action)) drain();
      if (!std::holds_alternative<Send>(step.action)) flush_whole();
      std::visit([this](const auto& action) { run(action); }, step.action);
    }
    flush_whole();
    require(unread_.empty(), "more came: " + shown(unread_));
    require(closed_.has_value() == ends_closed_, closed_ ? "closed: " + *closed_ : "not closed");
  }

  unsigned line() const { return line_; }

 private:
  // Of the answer to a question that may be open already.
  static bool is_preparation(const Action& action) {
    return std::holds_alternative<Answer>(action) || std::holds_alternative<End>(action) ||
           std::holds_alternative<Hold>(action);
  }

  void run(const Send& send) {
    if (!sent_last_) require(unread_.empty(), "more came: " + shown(unread_));
    sent_last_ = true;
    pending_ += send.bytes;
    pending_nosplit_ = send.whole;
  }

  // All that is sent in a row, in the pieces that the mode of playing asks for.
  void flush_whole() {
    sent_last_ = false;
    std::string bytes = std::exchange(pending_, {});
    const Split split = std::exchange(pending_nosplit_, false) ? Split::Whole : split_;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t piece = std::min(piece_size(split, bytes.size()), bytes.size() - at);
      session_.on_bytes(std::string_view(bytes).substr(at, piece), now_);
      drain();
      at += piece;
    }
  }

  std::size_t piece_size(Split split, std::size_t whole) {
    if (split == Split::Whole) return whole;
    if (split == Split::Bytes) return 1;
    return std::uniform_int_distribution<std::size_t>(1, 40)(random_);
  }

  void run(const ExpectLine& expected) {
    const std::string line = take_line();
    require(matches(expected.pattern, line), "expected " + expected.pattern + ", got " + line);
  }
  void run(const ExpectReply& expected) {
    std::string line;
    do {
      line = take_line();
      require(line.starts_with(expected.code), "expected " + expected.code + ", got " + line);
    } while (line.size() > 3 && line[3] == '-');
  }
  void run(const ExpectBody& expected) {
    require(expected.bytes == message_, "message is " + shown(message_));
  }
  void run(const ExpectClosed& expected) {
    ends_closed_ = true;
    require(closed_.has_value(), "not closed");
    require(expected.reason.empty() || expected.reason == *closed_, "closed: " + *closed_);
  }
  void run(const FinishTls&) {
    require(handshake_, "no STARTTLS was accepted");
    handshake_ = false;
    session_.on_tls({}, now_);
    drain();
  }
  void run(const Advance& advance) {
    const base::Instant end = now_ + advance.by;
    for (auto due = session_.deadline(); due && *due <= end; due = session_.deadline()) {
      now_ = *due;
      session_.on_time(now_);
      drain();
    }
    now_ = end;
  }
  void run(const HalfClose&) {
    session_.on_eof(now_);
    drain();
  }
  void run(const ShutDown&) {
    session_.shut_down(now_);
    drain();
  }
  void run(const GiveWay& end) {
    session_.give_way(end.reply, now_);
    drain();
  }
  void run(const Answer& answer) { answers_[answer.question] = answer.reply; }
  void run(const End& end) { ends_[end.question] = end.reply; }
  void run(const Hold&) { hold_ = true; }
  void run(const Release&) {
    require(held_.has_value(), "no question is open");
    const auto [ticket, reply] = *std::exchange(held_, std::nullopt);
    session_.answer(ticket, reply, now_);
    drain();
  }

  void drain() {
    while (auto event = session_.next_event()) {
      std::visit([this](const auto& e) { on_event(e); }, *event);
    }
    require(!held_ || session_.output().empty(), "output while a question is open");
    unread_ += session_.output();
    session_.output_sent(session_.output().size());
  }

  void give(const char* question, smtp::Ticket ticket, smtp::Reply reply) {
    if (const auto other = answers_.extract(question)) reply = other.mapped();
    if (const auto end = ends_.extract(question)) session_.end_after_transaction(end.mapped());
    // What was said before the question may go out; nothing may be said while it is open.
    unread_ += session_.output();
    session_.output_sent(session_.output().size());
    if (std::exchange(hold_, false)) {
      held_.emplace(ticket, reply);
    } else {
      session_.answer(ticket, reply, now_);
    }
  }

  void on_event(const smtp::AskConnect& e) {
    give("connect", e.ticket, smtp::replies::greeting(dialog_.settings.hostname));
  }
  void on_event(const smtp::AskTls& e) { give("tls", e.ticket, smtp::replies::ready_for_tls()); }
  void on_event(const smtp::AskSender& e) { give("sender", e.ticket, smtp::replies::sender_ok()); }
  void on_event(const smtp::AskRecipient& e) {
    give("recipient", e.ticket, recipients().decide(e.path).reply);
  }
  void on_event(const smtp::AskData& e) {
    body_.clear();
    dropped_ = false;
    give("data", e.ticket, smtp::replies::data_go_ahead());
  }
  void on_event(const smtp::AskMessage& e) {
    require(!dropped_, "a question about a message that was dropped");
    require(e.size == body_.size(), "the size is not that of the body");
    message_ = body_;
    give("message", e.ticket, smtp::replies::message_ok("test"));
  }
  void on_event(const smtp::Body& e) {
    require(!dropped_, "a part of a message that was dropped");
    body_ += e.bytes;
    if (const auto refusal = answers_.extract("body")) session_.refuse_message(refusal.mapped());
  }
  void on_event(const smtp::HeaderComplete&) {
    require(!dropped_, "the header of a message that was dropped");
    if (const auto refusal = answers_.extract("header")) session_.refuse_message(refusal.mapped());
  }
  void on_event(const smtp::MessageDropped&) {
    require(!std::exchange(dropped_, true), "a message was dropped twice");
  }
  void on_event(const smtp::TransactionReset&) {}
  void on_event(const smtp::Refused&) {}
  void on_event(const smtp::StartTls&) { handshake_ = true; }
  void on_event(const smtp::Close& e) { closed_ = e.reason; }

  std::string take_line() {
    const std::size_t end = unread_.find("\r\n");
    require(end != std::string::npos, "no reply came" + (closed_ ? "; closed: " + *closed_ : ""));
    std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 2);
    return line;
  }

  static void require(bool condition, const std::string& what) {
    if (!condition) throw Failure{what};
  }

  const Dialog& dialog_;
  const Split split_;
  std::mt19937 random_;
  base::Instant now_;
  smtp::Session session_;
  unsigned line_ = 0;
  std::string pending_;
  bool pending_nosplit_ = false;
  bool sent_last_ = false;
  std::string unread_;
  std::string body_;
  std::string message_;
  bool dropped_ = false;
  std::map<std::string, smtp::Reply> answers_;
  std::map<std::string, smtp::Reply> ends_;
  bool hold_ = false;
  std::optional<std::pair<smtp::Ticket, smtp::Reply>> held_;
  bool handshake_ = false;
  bool ends_closed_ = false;
  std::optional<std::string> closed_;
};

}  // namespace

std::optional<std::string> play(const Dialog& dialog, Split split, std::uint32_t seed) {
  Player player(dialog, split, seed);
  try {
    player.play();
  } catch (const Failure& failure) {
    return dialog.path + ':' + std::to_string(player.line()) + ": " + failure.what;
  }
  return std::nullopt;
}

}  // namespace dialog
