// SPDX-License-Identifier: Apache-2.0
#include "load/flood/plan.h"

#include <random>

#include "load/flood/dialogue.h"
#include "load/flood/mail_plans.h"

namespace flood {
namespace {

using Act = Step::Act;

constexpr std::size_t kRandomBytes = 600;
constexpr std::size_t kLongLine = 32u << 10;
constexpr int kGuesses = 20;  // unknown recipients of one connection

std::string random_bytes(std::uint64_t seed) {
  std::mt19937_64 engine(seed);  // the same in every run
  std::string bytes(kRandomBytes, '\0');
  for (char& byte : bytes) byte = static_cast<char>(engine());
  return bytes;
}

std::string garbage(std::uint64_t number, const std::string& client_hello) {
  switch (number % 6) {
    case 0:
      return random_bytes(number);
    case 1:
      return "GET / HTTP/1.1\r\nHost: mx.ours.test\r\n\r\n";
    case 2:
      return std::string(kRandomBytes, '\0');
    case 3:
      return std::string(kLongLine, 'x');
    case 4:
      return client_hello;
    default:
      return "PROXY TCP4 192.0.2.1 192.0.2.2 25 25\r\n";
  }
}

Plan garbage_plan(std::uint64_t number, const std::string& client_hello) {
  const bool awaits_greeting = number / 6 % 2 == 0;
  return {{{Act::Throw, garbage(number, client_hello)}}, awaits_greeting, false};
}

Plan half_open_plan(const std::string& client_hello) {
  auto steps = up_to_starttls();
  steps.push_back({Act::Throw, client_hello.substr(0, client_hello.size() / 3)});
  return {std::move(steps)};
}

Plan slow_data_plan(const std::string& mailbox) {
  auto steps = up_to_data(mailbox);
  steps.push_back({Act::Trickle, "From: <flood@example.net>\r\nSubject: slow\r\n"});
  return {std::move(steps)};
}

Plan slow_line_plan() {
  auto steps = up_to_secure_hello();
  steps.push_back({Act::Trickle, "MAIL FROM:<somebody-who-has-a-rather-long-name@example.net>"});
  return {std::move(steps)};
}

Plan harvest_plan(std::uint64_t number, const std::string& mailbox) {
  auto steps = up_to_mail();
  const std::string domain = mailbox.substr(mailbox.find('@'));
  for (int guess = 0; guess < kGuesses; ++guess)
    steps.push_back({Act::Say, "RCPT TO:<guess-" + std::to_string(number) + '-' +
                                   std::to_string(guess) + domain + '>'});
  quit(steps);
  return {std::move(steps), true, true};
}

}  // namespace

Plan make_plan(Kind kind, std::uint64_t number, const std::string& mailbox,
               const std::string& client_hello) {
  switch (kind) {
    case Kind::Garbage:
      return garbage_plan(number, client_hello);
    case Kind::HalfOpen:
      return half_open_plan(client_hello);
    case Kind::SlowData:
      return slow_data_plan(mailbox);
    case Kind::Harvest:
      return harvest_plan(number, mailbox);
    case Kind::SlowLine:
      return slow_line_plan();
    case Kind::Good:
      return good_plan(number, mailbox);
    case Kind::Refused:
      return refused_plan(number, mailbox);
    case Kind::BrokenOff:
      return broken_off_plan(number, mailbox, client_hello);
    case Kind::Proxied:
      return proxied_plan(number, mailbox);
    case Kind::Silent:
    case Kind::Count:
      break;
  }
  return {};
}

}  // namespace flood
