// SPDX-License-Identifier: Apache-2.0
// A whole session. The input: a byte of choices, a byte for the pieces, the number of bytes that
// come in clear, these, and what comes in TLS.
#include <algorithm>
#include <chrono>
#include <limits>
#include <random>

#include "fuzz/fuzz.h"
#include "support/session_driver.h"

namespace {

using fuzz::require;
using support::SessionEnd;
using support::SessionManner;
using support::SessionRecord;

constexpr std::string_view kStartTls = "STARTTLS\r\n";
constexpr std::size_t kMostPiece = 40;

struct Choices {
  smtp::Settings settings;
  SessionEnd end = SessionEnd::Open;
};

Choices choices(std::uint8_t bits) {
  Choices result;
  result.settings.hostname = "mx.ours.test";
  if ((bits & 1) != 0) result.settings.bare_newline = smtp::BareNewline::Normalize;
  if ((bits & 2) != 0) {
    result.settings.max_message_size = 200;
    result.settings.max_recipients = 3;
    result.settings.max_messages_per_session = 2;
    result.settings.max_header_size = 100;
    result.settings.max_header_fields = 5;
    result.settings.max_received_headers = 2;
  }
  if ((bits & 4) != 0) result.settings.errors_per_session = 1000;
  if ((bits & 8) != 0) result.end = SessionEnd::Eof;
  if ((bits & 16) != 0) result.end = SessionEnd::ShutDown;
  if ((bits & 32) != 0) result.end = SessionEnd::GiveWay;
  return result;
}

SessionManner whole(bool late_reading) {
  return {false, late_reading, true, [] { return std::string_view::npos; }};
}

SessionManner rude(bool late_answers) {
  return {late_answers, false, false, [] { return std::string_view::npos; }};
}

SessionManner byte_by_byte() {
  return {false, false, true, [] { return 1u; }};
}

SessionManner in_pieces(std::uint8_t seed, bool late_answers, bool late_reading) {
  return {late_answers, late_reading, true,
          [random = std::minstd_rand(seed)]() mutable { return random() % kMostPiece + 1; }};
}

SessionManner delayed(SessionManner manner) {
  manner.delayed_greeting = true;
  return manner;
}

void check_record(const SessionRecord& record) {
  require(record.broken.empty(), record.broken);
  require(support::replies_match_commands(record),
          "each command has one reply, and each line is one of a reply");
}

// Neither the pieces nor the time of the answers and of the reading change anything, unless the
// client does not await a reply that it must await.
void check_manners(const Choices& some, std::uint8_t seed, std::string_view clear,
                   std::string_view secret) {
  const auto play = [&](const SessionManner& manner) {
    return support::play_session(some.settings, manner, clear, secret, some.end);
  };
  const SessionRecord expected = play(byte_by_byte());
  check_record(expected);
  require(agree(expected, play(whole(false))), "in groups");
  require(agree(expected, play(whole(true))), "with late reading");
  require(agree(expected, play(in_pieces(seed, false, false))), "in pieces");
  require(agree(expected, play(in_pieces(seed, true, false))), "with late answers");
  require(agree(expected, play(in_pieces(seed, true, true))), "with late answers and reading");
  require(agree(expected, play(rude(false))), "all at once");
  require(agree(expected, play(rude(true))), "all at once, with late answers");
  require(agree(expected, play(delayed(whole(false)))), "behind a greeting in two lines");
}

// Whatever comes between the two lines of a greeting, it is answered once and asks nothing.
void check_early(const smtp::Settings& settings, std::string_view bytes) {
  if (bytes.empty()) return;
  smtp::Session session(settings, {}, {});
  session.delay_greeting(std::chrono::seconds(1));
  const auto connect = session.next_event();
  session.answer(std::get<smtp::AskConnect>(*connect).ticket, smtp::replies::greeting("mx"), {});
  session.on_bytes(bytes, {});
  const auto refused = session.next_event();
  require(refused && std::holds_alternative<smtp::Refused>(*refused), "it is refused");
  const auto closed = session.next_event();
  require(closed && std::holds_alternative<smtp::Close>(*closed), "it ends the session");
  require(!session.next_event(), "that is all");
  const std::string said = std::get<smtp::Refused>(*refused).reply.render();
  require(session.output() == "220-mx ESMTP\r\n" + said, "it is answered once");
}

constexpr std::string_view kHello = "EHLO client.example.net\r\n";
constexpr std::string_view kBehindReset =
    "RSET\r\nDATA\r\nBDAT 3 LAST\r\na\r\nRCPT TO:<\xc3\xa9@ours.test>\r\n"
    "RCPT TO:<info@ours.test>\r\nMAIL FROM:<b@example.net>\r\nDATA\r\n"
    "RCPT TO:<\xc3\xa9@ours.test>\r\nRCPT TO:<info@ours.test>\r\nDATA\r\nSubject: x\r\n.\r\n";

// By a recipient, as the driver does it; that is to outlive a transaction.
bool told_to_end(const SessionRecord& record) {
  return std::ranges::any_of(record.events, [](const std::string& event) {
    return event.starts_with("recipient ") && event.find("last") != std::string::npos;
  });
}

// RSET leads to the state behind EHLO: what follows goes alike, whatever was before. The counts of
// a session do survive, so they have no limits here.
void check_reset(const Choices& some, std::string_view secret) {
  constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();
  smtp::Settings settings = some.settings;
  settings.max_recipients = 100;
  settings.max_message_size = 1u << 20;
  settings.errors_per_session = kUnlimited;
  settings.max_messages_per_session = kUnlimited;
  const auto play = [&](const std::string& input) {
    return support::play_session(settings, byte_by_byte(), kStartTls, input);
  };
  // A line that the input may have begun ends; no chunk or message goes on when NOOP is answered.
  const std::string before = std::string(kHello) + std::string(secret) + "\r\nNOOP\r\n";
  const SessionRecord head = play(before);
  const bool awaits_command = head.stage == "mail" || head.stage == "rcpt";
  if (!awaits_command || told_to_end(head) || !head.output.ends_with("250 2.0.0 Ok\r\n")) return;
  const std::size_t skip = play(std::string(kHello)).output.size();
  const std::string expected =
      play(std::string(kHello) + std::string(kBehindReset)).output.substr(skip);
  const SessionRecord after = play(before + std::string(kBehindReset));
  require(after.output.substr(head.output.size()) == expected, "nothing outlives RSET");
}

// Nothing from before TLS survives (RFC 3207 section 4.2): what the client said in clear makes no
// difference after it. The count of errors does survive, so it has no limit here.
void check_forgotten(Choices some, std::string_view clear, std::string_view secret) {
  some.settings.errors_per_session = std::numeric_limits<std::size_t>::max();
  const auto play = [&](const SessionManner& manner, std::string_view before) {
    SessionRecord record = support::play_session(some.settings, manner, before, secret, some.end);
    check_record(record);
    record.output.erase(0, record.clear_output);
    record.events.erase(record.events.begin(),
                        record.events.begin() + static_cast<std::ptrdiff_t>(record.clear_events));
    return record;
  };
  const SessionRecord expected = play(byte_by_byte(), kStartTls);
  const SessionRecord other = play(byte_by_byte(), clear);
  if (!other.tls) return;
  require(other.output == expected.output, "what was said in clear changes no reply in TLS");
  require(other.events == expected.events, "what was said in clear changes no event in TLS");
}

// Where TLS comes first all goes as behind STARTTLS, but for the greeting.
void check_implicit(const Choices& some, std::string_view secret) {
  SessionManner first = whole(false);
  first.implicit_tls = true;
  const SessionRecord implicit = support::play_session(some.settings, first, {}, secret, some.end);
  check_record(implicit);
  const SessionRecord behind =
      support::play_session(some.settings, whole(false), kStartTls, secret, some.end);
  require(implicit.clear_output == 0, "nothing is said in clear");
  require(
      implicit.output == "220 mx.ours.test ESMTP\r\n" + behind.output.substr(behind.clear_output),
      "it goes as behind STARTTLS");
}

// A client that is refused hears why, unless TLS would have come first, and no more.
void check_denied(const smtp::Settings& settings, bool implicit, std::string_view bytes) {
  smtp::Session session(settings, {{}, implicit}, {});
  const auto connect = session.next_event();
  session.on_bytes(bytes, {});
  const smtp::Reply refusal = smtp::replies::shutting_down();
  session.answer(std::get<smtp::AskConnect>(*connect).ticket, refusal, {});
  const auto closed = session.next_event();
  require(closed && std::holds_alternative<smtp::Close>(*closed), "it is closed at once");
  require(!session.next_event(), "that is all");
  require(session.output() == (implicit ? "" : refusal.render()), "it hears why, or nothing");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const Choices some = choices(input.byte());
  const std::uint8_t seed = input.byte();
  const std::string_view clear = input.bytes(input.byte());
  const std::string_view secret = input.rest();
  check_manners(some, seed, kStartTls, secret);
  check_manners(some, seed, clear, secret);
  check_early(some.settings, clear);
  check_implicit(some, secret);
  for (const bool implicit : {false, true}) check_denied(some.settings, implicit, clear);
  check_forgotten(some, clear, secret);
  check_reset(some, secret);
  return 0;
}
