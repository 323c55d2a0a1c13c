// SPDX-License-Identifier: Apache-2.0
// Command lines. The input: a byte of choices, a byte for the pieces, and what comes: lines are cut
// out of it, and each is parsed.
#include <cstdint>
#include <string>
#include <vector>

#include "base/ascii.h"
#include "fuzz/fuzz.h"
#include "smtp/extension.h"
#include "smtp/grammar.h"
#include "smtp/limits.h"
#include "smtp/line_reader.h"

namespace {

using fuzz::require;

constexpr std::size_t kMostPiece = 40;

// What a line reader makes of it: text, or the kind of fault.
std::vector<std::string> lines(std::string_view bytes, std::uint8_t seed, std::size_t most) {
  std::vector<std::string> result;
  smtp::LineReader reader(smtp::max_mail_line());
  fuzz::in_pieces(bytes, seed, most, [&](std::string_view piece) {
    while (!piece.empty()) {
      piece.remove_prefix(reader.read(piece));
      require(reader.text().size() <= smtp::max_mail_line(), "a line is bounded");
      if (!reader.complete()) continue;
      const smtp::LineReader::Line line = reader.take();
      const auto fault = static_cast<int>(line.fault);
      result.push_back(static_cast<char>('0' + fault) + line.text);
    }
  });
  return result;
}

void check_mail(std::string_view argument, const smtp::OfferFacts& facts) {
  const auto parsed = smtp::parse_mail(argument, facts);
  const auto* sender = std::get_if<smtp::Sender>(&parsed);
  if (sender == nullptr) return;
  const std::string path = sender->path.to_string();
  require(base::is_ascii(path) || sender->smtputf8, "UTF-8 only with SMTPUTF8");
  require(sender->declared_size <= facts.settings.max_message_size, "SIZE is within the limit");
  require(!sender->require_tls || facts.tls, "REQUIRETLS only inside TLS");
  const auto again = smtp::parse_mail("FROM:" + path + " SMTPUTF8", facts);
  require(std::holds_alternative<smtp::Sender>(again), "a path that was read can be read");
  require(std::get<smtp::Sender>(again).path == sender->path, "it is the same path");
}

void check_rcpt(std::string_view argument, bool smtputf8) {
  const auto parsed = smtp::parse_rcpt(argument, smtputf8);
  const auto* path = std::get_if<mail::Path>(&parsed);
  if (path == nullptr) return;
  require(!path->is_null(), "there is a recipient");
  const auto again = smtp::parse_rcpt("TO:" + path->to_string(), smtputf8);
  require(std::holds_alternative<mail::Path>(again) && std::get<mail::Path>(again) == *path,
          "a path that was read can be read");
}

void check_bdat(std::string_view argument) {
  const auto parsed = smtp::parse_bdat(argument);
  const auto* chunk = std::get_if<smtp::Chunk>(&parsed);
  if (chunk == nullptr) return;
  const std::string_view digits = argument.substr(0, argument.find(' '));
  require(digits.size() <= smtp::kMaxSizeDigits, "a size is bounded");
  std::string canonical(digits.substr(std::min(digits.find_first_not_of('0'), digits.size() - 1)));
  require(std::to_string(chunk->octets) == canonical, "the size is the number that was written");
  require(chunk->last == (digits.size() < argument.size()), "LAST is all that may stand behind");
}

void check_line(const std::string& line, const smtp::OfferFacts& facts) {
  const smtp::CommandLine command = smtp::split_command(line);
  if (command.rule == nullptr) return;
  require(line.size() >= command.argument.size(), "an argument is a part of its line");
  switch (command.rule->verb) {
    case smtp::Verb::Ehlo:
    case smtp::Verb::Helo:
      require(smtp::check_helo(command.argument) || base::is_ascii(command.argument), "ASCII");
      break;
    case smtp::Verb::Mail:
      return check_mail(command.argument, facts);
    case smtp::Verb::Rcpt:
      return check_rcpt(command.argument, facts.tls);
    case smtp::Verb::Bdat:
      return check_bdat(command.argument);
    default:
      break;
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  smtp::Settings settings;
  settings.max_message_size = 1000;
  const smtp::OfferFacts facts{settings, (input.byte() & 1) != 0};
  const std::uint8_t seed = input.byte();
  const std::string_view bytes = input.rest();
  const auto whole = lines(bytes, seed, bytes.size() + 1);
  require(lines(bytes, seed, 1) == whole, "byte by byte");
  require(lines(bytes, seed, kMostPiece) == whole, "in pieces");
  for (const std::string& line : whole)
    if (line.front() == '0') check_line(line.substr(1), facts);
  return 0;
}
