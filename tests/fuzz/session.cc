// SPDX-License-Identifier: Apache-2.0
// A whole session. The input: a byte of choices, a byte for the pieces, the number of bytes that
// come in clear, these, and what comes in TLS.
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
  return result;
}

SessionManner whole(bool late_reading) {
  return {false, late_reading, [] { return std::string_view::npos; }};
}

SessionManner in_pieces(std::uint8_t seed, bool late_answers, bool late_reading) {
  return {late_answers, late_reading,
          [random = std::minstd_rand(seed)]() mutable { return random() % kMostPiece + 1; }};
}

void check_record(const SessionRecord& record) {
  require(record.broken.empty(), record.broken);
  require(support::count_replies(record.output) == support::expected_replies(record),
          "each command has one reply, and each line is one of a reply");
}

// Neither the pieces nor the time of the answers and of the reading change anything.
void check_manners(const Choices& some, std::uint8_t seed, std::string_view clear,
                   std::string_view secret) {
  const auto play = [&](const SessionManner& manner) {
    return support::play_session(some.settings, manner, clear, secret, some.end);
  };
  const SessionRecord expected = play(whole(false));
  check_record(expected);
  require(play({false, false, [] { return 1u; }}) == expected, "byte by byte");
  require(play(whole(true)) == expected, "with late reading");
  require(play(in_pieces(seed, false, false)) == expected, "in pieces");
  require(play(in_pieces(seed, true, false)) == expected, "with late answers");
  require(play(in_pieces(seed, true, true)) == expected, "with late answers and late reading");
}

// Nothing from before TLS survives (RFC 3207 section 4.2): what the client said in clear makes no
// difference after it. The count of errors does survive, so it has no limit here.
void check_forgotten(Choices some, std::uint8_t seed, std::string_view clear,
                     std::string_view secret) {
  some.settings.errors_per_session = std::numeric_limits<std::size_t>::max();
  const auto play = [&](const SessionManner& manner, std::string_view before) {
    SessionRecord record = support::play_session(some.settings, manner, before, secret, some.end);
    check_record(record);
    record.output.erase(0, record.clear_output);
    record.events.erase(record.events.begin(),
                        record.events.begin() + static_cast<std::ptrdiff_t>(record.clear_events));
    return record;
  };
  const SessionRecord expected = play(whole(false), kStartTls);
  const SessionRecord other = play(in_pieces(seed, false, false), clear);
  if (!other.tls) return;
  require(other.output == expected.output, "what was said in clear changes no reply in TLS");
  require(other.events == expected.events, "what was said in clear changes no event in TLS");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const Choices some = choices(input.byte());
  const std::uint8_t seed = input.byte();
  const std::string_view clear = input.bytes(input.byte());
  const std::string_view secret = input.rest();
  check_manners(some, seed, kStartTls, secret);
  check_forgotten(some, seed, clear, secret);
  return 0;
}
