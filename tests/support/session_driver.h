// SPDX-License-Identifier: Apache-2.0
// Plays any input to an smtp::Session and records what came out, so that two ways of playing the
// same input can be compared. The outside says yes to all but paths that begin with "refuse", and
// to the transactions of senders that begin with "nodata", "noheader", "nomessage" or "end" (421);
// to the handshake where the name of the client begins with "notls". A recipient with "last" in it
// ends the session behind its transaction.
// No test framework: the unit tests and the fuzz targets share it. What must hold whatever the
// input is checked while it plays; the first that does not is named in SessionRecord::broken.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "smtp/commands.h"
#include "smtp/limits.h"
#include "smtp/replies.h"
#include "smtp/session.h"

namespace support {

// Of a message that does not become whole, how much came out before that was seen may differ
// between two ways, and is left out.
struct SessionRecord {
  std::string output;
  std::vector<std::string> events;
  std::string counts;  // Session::command_counts()
  std::uint64_t refusals = 0;
  std::string stage;  // Session::stage(), before it was told of any end
  bool tls = false;
  std::size_t clear_output = 0;  // of `output`, what was said before TLS
  std::size_t clear_events = 0;
  std::string broken;
  bool operator==(const SessionRecord&) const = default;

  std::size_t count(const std::string& event) const {
    return static_cast<std::size_t>(
        std::count_if(events.begin(), events.end(),
                      [&](const std::string& one) { return one.starts_with(event); }));
  }
};

// What may not change anything.
struct SessionManner {
  bool late_answers = false;  // a question is answered only after more input came
  bool late_reading = false;  // replies are taken only when the session reads nothing further
  bool polite = true;         // no piece goes beyond a command whose reply must be awaited
  std::function<std::size_t()> piece;  // how many bytes come next
  bool delayed_greeting = false;       // its first line is left out of the record
  bool implicit_tls = false;           // ahead of the greeting
};

enum class SessionEnd { Open, Eof, ShutDown, GiveWay };

class SessionDriver {
 public:
  SessionDriver(const smtp::Settings& settings, const SessionManner& manner)
      : manner_(manner), session_(settings, {{}, manner.implicit_tls}, base::Instant{}) {
    if (manner_.delayed_greeting) session_.delay_greeting(kGreetingDelay);
    settle();
    if (manner_.delayed_greeting) end_greeting();
  }

  // All of `bytes`, in pieces.
  void feed(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t group = manner_.polite ? group_length(bytes) : bytes.size();
      feed_group(bytes.substr(0, group));
      bytes.remove_prefix(group);
      if (manner_.polite) settle();
    }
  }
  // The handshake. False: it was not asked for.
  bool secure() {
    settle();
    if (!handshake_ || closed_) return false;
    record_.tls = true;
    record_.clear_output = record_.output.size();
    record_.clear_events = record_.events.size();
    session_.on_tls({}, now_);
    settle();
    return true;
  }
  SessionRecord finish(SessionEnd end) {
    settle();
    record_.stage = session_.stage();
    if (end == SessionEnd::Eof) session_.on_eof(now_);
    if (end == SessionEnd::ShutDown) session_.shut_down(now_);
    if (end == SessionEnd::GiveWay) session_.give_way(smtp::replies::crowded(), now_);
    settle();
    record_.counts = session_.command_counts();
    record_.refusals = session_.counters().refusals;
    return record_;
  }

 private:
  // One more than a session may hold: the reply that passed the limit, and the last word.
  static constexpr std::size_t kMostOutput = smtp::kMaxBufferedOutput + 4 * smtp::kMaxReplyLine;

  static constexpr std::chrono::seconds kGreetingDelay{1};

  void end_greeting() {
    require(record_.output == "220-mx.ours.test ESMTP\r\n", "a greeting's first line goes ahead");
    require(session_.deadline() == now_ + kGreetingDelay, "its second line has its time");
    record_.output.clear();
    now_ += kGreetingDelay;
    session_.on_time(now_);
    settle();
  }

  // Up to the end of the first line that begins with a command which ends a group.
  static std::size_t group_length(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t newline = std::min(bytes.find('\n', at), bytes.size() - 1);
      const std::string_view word = bytes.substr(at, bytes.find_first_of(" \r", at) - at);
      const smtp::CommandRule* rule = smtp::find_command(word);
      if (rule != nullptr && rule->ends_group) return newline + 1;
      at = newline + 1;
    }
    return bytes.size();
  }

  void feed_group(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, std::max<std::size_t>(manner_.piece(), 1));
      feed_piece(piece);
      bytes.remove_prefix(piece.size());
    }
  }

  void feed_piece(std::string_view bytes) {
    if (!session_.wants_input()) settle();
    const bool was_open = open_.has_value();
    session_.on_bytes(bytes, now_);
    pull();
    if (!manner_.late_answers) answer_all();
    if (was_open) answer_one();
    if (!manner_.late_reading) take_output();
    pull();
  }

  // Until the session can do nothing more by itself.
  void settle() {
    do {
      pull();
      take_output();
      answer_one();
      pull();
    } while (open_ || !session_.output().empty());
  }

  void answer_all() {
    while (open_) answer_one();
  }

  void answer_one() {
    if (!open_) return;
    const auto [ticket, reply] = *std::exchange(open_, std::nullopt);
    session_.answer(ticket, reply, now_);
    pull();
  }

  void pull() {
    while (auto event = session_.next_event()) {
      require(!open_, "nothing happens while a question is open");
      require(!closed_, "nothing happens after the end");
      on_event(*event);
    }
    require(session_.output().size() <= kMostOutput, "unread output is bounded");
    require(session_.memory() <= smtp::kMaxSessionMemory, "memory is bounded");
    const auto standstill = session_.standstill();
    require(!standstill || standstill->since <= now_, "a standstill has begun");
    require(!open_ || said() == said_at_question_, "nothing is said while a question is open");
  }

  std::size_t said() const { return record_.output.size() + session_.output().size(); }

  void take_output() {
    record_.output += session_.output();
    session_.output_sent(session_.output().size());
  }

  void ask(const std::string& what, smtp::Ticket ticket, smtp::Reply reply) {
    record_.events.push_back(what + ' ' + std::exchange(body_, {}));
    header_seen_ = false;
    open_.emplace(ticket, std::move(reply));
    said_at_question_ = said();
  }

  void on_event(const smtp::Event& event) {
    namespace replies = smtp::replies;
    if (const auto* body = std::get_if<smtp::Body>(&event)) {
      body_ += body->bytes;
    } else if (const auto* connect = std::get_if<smtp::AskConnect>(&event)) {
      ask("connect", connect->ticket, replies::greeting("mx.ours.test"));
    } else if (const auto* tls = std::get_if<smtp::AskTls>(&event)) {
      const bool no = session_.helo().starts_with("notls");
      ask("tls", tls->ticket, no ? replies::tls_unavailable() : replies::ready_for_tls());
    } else if (const auto* sender = std::get_if<smtp::AskSender>(&event)) {
      const std::string path = sender->sender.path.to_string();
      sender_ = path;
      ask("sender " + path, sender->ticket, verdict(path, replies::sender_ok()));
    } else if (const auto* recipient = std::get_if<smtp::AskRecipient>(&event)) {
      const std::string path = recipient->path.to_string();
      if (path.find("last") != std::string::npos)
        session_.end_after_transaction(replies::too_many_unknown_recipients());
      ask("recipient " + path, recipient->ticket, verdict(path, replies::recipient_ok()));
    } else if (const auto* data = std::get_if<smtp::AskData>(&event)) {
      const bool no = sender_.starts_with("<nodata");
      ask("data", data->ticket, no ? replies::insufficient_storage() : replies::data_go_ahead());
    } else if (const auto* message = std::get_if<smtp::AskMessage>(&event)) {
      require(message->size == body_.size(), "the size is that of the body");
      require(header_seen_, "the end of the header comes before the question");
      ask("message", message->ticket, message_reply());
    } else if (std::holds_alternative<smtp::HeaderComplete>(event)) {
      require(!std::exchange(header_seen_, true), "the header ends once");
      record_.events.push_back("header " + body_);
      if (sender_.starts_with("<noheader")) session_.refuse_message(replies::delivered_before());
    } else {
      news(event);
    }
  }

  void news(const smtp::Event& event) {
    if (const auto* refused = std::get_if<smtp::Refused>(&event)) {
      record_.events.push_back("refused " + std::string(refused->verb) + refused->reply.text);
      return;  // perhaps between two chunks
    }
    body_.clear();
    header_seen_ = false;
    if (const auto* close = std::get_if<smtp::Close>(&event)) {
      closed_ = true;
      record_.events.push_back("close " + std::string(close->reason));
    } else if (const auto* dropped = std::get_if<smtp::MessageDropped>(&event)) {
      record_.events.push_back("dropped " + dropped->reply.text);
    } else if (std::holds_alternative<smtp::StartTls>(event)) {
      handshake_ = true;
      record_.events.push_back("starttls");
    } else {
      record_.events.push_back("reset");
    }
  }
  smtp::Reply message_reply() const {
    if (sender_.starts_with("<nomessage")) return smtp::replies::local_trouble();
    if (sender_.starts_with("<end")) return smtp::replies::shutting_down();
    return smtp::replies::message_ok("Q");
  }
  static smtp::Reply verdict(const std::string& path, const smtp::Reply& good) {
    return path.starts_with("<refuse") ? smtp::replies::relay_denied() : good;
  }

  void require(bool holds, const char* property) {
    if (!holds && record_.broken.empty()) record_.broken = property;
  }

  const SessionManner manner_;
  base::Instant now_{};
  smtp::Session session_;
  SessionRecord record_;
  std::string sender_;
  std::string body_;
  std::optional<std::pair<smtp::Ticket, smtp::Reply>> open_;
  std::size_t said_at_question_ = 0;
  bool header_seen_ = false;
  bool handshake_ = false;
  bool closed_ = false;
};

// `clear` comes before TLS; where it asks for that, `secret` comes after it.
inline SessionRecord play_session(const smtp::Settings& settings, const SessionManner& manner,
                                  std::string_view clear, std::string_view secret,
                                  SessionEnd end = SessionEnd::Open) {
  SessionDriver driver(settings, manner);
  driver.feed(clear);
  if (driver.secure()) driver.feed(secret);
  return driver.finish(end);
}

// Counts the replies; nothing where the bytes are not replies. Reply-line = code ( SP / "-" ) text
// CRLF, RFC 5321 section 4.2; all lines of a reply have one code.
inline std::optional<std::size_t> count_replies(std::string_view output) {
  const auto is_text = [](char c) { return (c >= ' ' && c <= '~') || c == '\t'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t replies = 0;
  std::string_view continued;
  while (!output.empty()) {
    const std::size_t end = output.find("\r\n");
    if (end == std::string_view::npos || end + 2 > smtp::kMaxReplyLine || end < 4) return {};
    const std::string_view line = output.substr(0, end);
    output.remove_prefix(end + 2);
    const std::string_view code = line.substr(0, 3);
    if (code < "200" || code > "599" || !std::all_of(code.begin(), code.end(), is_digit)) return {};
    if (!std::all_of(line.begin(), line.end(), is_text)) return {};
    if (line[3] != ' ' && line[3] != '-') return {};
    if (!continued.empty() && code != continued) return {};
    continued = line[3] == '-' ? code : std::string_view();
    if (continued.empty()) ++replies;
  }
  return continued.empty() ? std::optional(replies) : std::nullopt;
}

inline std::size_t count_lines(std::string_view text, std::string_view beginning) {
  std::size_t count = text.starts_with(beginning) ? 1 : 0;
  const std::string pattern = "\n" + std::string(beginning);
  for (std::size_t at = text.find(pattern); at != text.npos; at = text.find(pattern, at + 1))
    ++count;
  return count;
}

// One reply for the greeting and each command, one more for a body behind 354, and one when the
// session says why it closes. Where the input ends inside a message the last is missing.
inline bool replies_match_commands(const SessionRecord& record) {
  std::size_t expected = 1 + count_lines(record.output, "354 ");
  const std::string& counts = record.counts;
  for (std::size_t at = counts.find('='); at != std::string::npos; at = counts.find('=', at + 1))
    expected += std::stoul(counts.substr(at + 1));
  for (const char* reason : {"errors", "shutdown", "crowded", "http", "tls_bytes", "proxy_header"})
    expected += record.count(std::string("close ") + reason);
  // Its last word stands behind a message, or in place of the reply to a command.
  const auto replies = count_replies(record.output);
  if (record.count("close unknown_recipients") > 0 && replies == expected + 1) return true;
  return replies && (*replies == expected || (record.stage == "data" && *replies + 1 == expected));
}

// The second may have ended early, because of input where a reply had to be awaited.
inline bool agree(const SessionRecord& expected, SessionRecord other) {
  if (other.count("close bad_pipelining") + other.count("close starttls_injection") == 0)
    return other == expected;
  const std::size_t last_line = other.output.rfind("554 ");
  const auto is_refusal = [](const auto& one) {
    const auto& pipelining = smtp::replies::input_ahead_of_reply().text;
    const auto& injection = smtp::replies::input_behind_starttls().text;
    return one.starts_with("refused ") && (one.ends_with(pipelining) || one.ends_with(injection));
  };
  const auto refusal = std::find_if(other.events.begin(), other.events.end(), is_refusal);
  other.output.erase(last_line);
  other.events.erase(refusal, other.events.end());
  return expected.output.starts_with(other.output) && other.broken.empty() &&
         other.events.size() <= expected.events.size() &&
         std::equal(other.events.begin(), other.events.end(), expected.events.begin());
}

}  // namespace support
