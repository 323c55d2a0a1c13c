// SPDX-License-Identifier: Apache-2.0
// Judges the DKIM signatures of messages, for tests with rules and for the comparison with another
// implementation. Standard input, lines:
//
//   zone                          a new zone begins; answers follow, lib/dns/answer_text.h
//   .                             the zone ends; what it has not does not exist
//   case NOW MIN-BITS MOST TEXT   seconds since 1970, auth::DkimSettings, the message
//
// and for each case on standard output one line, and one more for each signature:
//
//   COUNT UNLISTED QUESTIONS MICROSECONDS
//   RESULT TESTING DOMAIN SELECTOR IDENTITY ALGORITHM SIGNATURE SECTION REASON
//
// Words as words.h has them. The verdicts must not depend on the pieces of the body, nor on whether
// libopendkim judges what it can be given or our own code does.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>

#include "auth/dkim.h"
#include "dns/answer_text.h"
#include "support/settle.h"
#include "support/words.h"

namespace {

using support::decode;
using support::encode;

constexpr std::size_t kPieces[] = {1, 7, 64};
constexpr std::size_t kMostInPieces = 4096;  // octets of a body that is tried in small pieces

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(2);
}

class PieceBody : public auth::BodySource {
 public:
  PieceBody(std::string_view text, std::size_t most) : text_(text), most_(most) {}
  std::string_view at(std::size_t offset) override { return text_.substr(offset, most_); }

 private:
  std::string_view text_;
  std::size_t most_;
};

struct Case {
  base::WallTime now;
  auth::DkimSettings settings;
  std::string text;
};

Case read_case(std::istringstream& words) {
  Case read;
  long long seconds = 0;
  std::string text;
  words >> seconds >> read.settings.min_rsa_bits >> read.settings.max_signatures >> text;
  if (text.empty()) die("a case without a message");
  read.now = base::WallTime(std::chrono::seconds(seconds));
  read.text = decode(text);
  return read;
}

std::string_view body_of(const std::string& text, const mail::HeaderFields& header) {
  std::string_view body = std::string_view(text).substr(header.section().size());
  if (body.starts_with("\r\n")) body.remove_prefix(2);
  return body;
}

void print(const auth::DkimVerdict& verdict) {
  std::printf("%s %d %s %s %s %s %s %s %s\n", name_of(verdict.result), verdict.testing ? 1 : 0,
              encode(verdict.domain).c_str(), encode(verdict.selector).c_str(),
              encode(verdict.identity).c_str(), encode(verdict.algorithm).c_str(),
              encode(verdict.signature).c_str(), encode(verdict.section).c_str(),
              encode(verdict.reason).c_str());
}

void judge(const Case& given, const dns::AnswerTable& zone, auth::DkimLibrary& library) {
  const mail::HeaderFields header(given.text);
  const std::string_view text = body_of(given.text, header);
  const auto asked = support::settle(zone, [&](dns::Lookups& lookups) {
    auth::ask_dkim(header, given.settings, given.now, lookups);
    return 0;
  });
  const auto verdicts_of = [&](std::size_t most, bool without_library = false) {
    PieceBody body(text, most);
    dns::Lookups lookups(asked.answers);
    auto verdicts =
        without_library
            ? auth::verify_dkim_without_library(header, body, given.settings, given.now, lookups)
            : auth::verify_dkim(header, body, given.settings, given.now, lookups, library);
    if (!lookups.complete()) die("a question is new although all were asked");
    return verdicts;
  };
  const auto begin = std::chrono::steady_clock::now();
  const auth::DkimVerdicts verdicts = verdicts_of(std::string_view::npos);
  const auto time = std::chrono::steady_clock::now() - begin;
  if (text.size() <= kMostInPieces)
    for (const std::size_t most : kPieces)
      if (verdicts_of(most) != verdicts) die("the verdicts depend on the pieces of the body");
  if (verdicts_of(std::string_view::npos, true) != verdicts)
    die("libopendkim and our own code differ: " + encode(given.text));
  std::printf(
      "%zu %u %zu %lld\n", verdicts.signatures.size(), verdicts.unlisted, asked.answers.size(),
      static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(time).count()));
  for (const auth::DkimVerdict& verdict : verdicts.signatures) print(verdict);
}

dns::AnswerTable read_zone() {
  std::string text;
  for (std::string line; std::getline(std::cin, line) && line != ".";) text += line + '\n';
  auto zone = dns::from_text(text);
  if (!zone) die("zone: " + zone.error().reason);
  return *std::move(zone);
}

}  // namespace

int main() {
  auto library = auth::DkimLibrary::create();
  if (!library) die(library.error().reason);
  dns::AnswerTable zone;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "zone") {
      zone = read_zone();
    } else if (verb == "case") {
      judge(read_case(words), zone, *library);
    } else {
      die("neither a zone nor a case: " + line.substr(0, 100));
    }
  }
}
