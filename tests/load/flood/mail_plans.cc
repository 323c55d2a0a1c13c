// SPDX-License-Identifier: Apache-2.0
#include "load/flood/mail_plans.h"

#include <array>
#include <utility>

#include "load/flood/dialogue.h"

namespace flood {
namespace {

using Act = Step::Act;

constexpr std::size_t kSmallBody = 2u << 10;
constexpr std::size_t kHalfBody = 100u << 10;
constexpr std::size_t kBodyInParts = 1200u << 10;  // above 1 MiB it comes in several
constexpr std::uint64_t kPartsEvery = 32;          // of the good ones

// Its last line has no end: that is in what follows.
std::string message(const std::string& author, std::size_t body_bytes) {
  const std::string line = "nothing that matters, but all of it must be kept\r\n";
  std::string text = "From: <flood@" + author + ">\r\nSubject: flood\r\n\r\n";
  while (text.size() < body_bytes) text += line;
  return text + "the last line";
}

// A signature that gets as far as the question for its key.
std::string signed_message() {
  return "DKIM-Signature: v=1; a=rsa-sha256; d=example.net; s=none; h=from; bh=AAAA; b=AAAA\r\n" +
         message("example.net", kSmallBody);
}

void add_data(std::vector<Step>& steps, const std::string& text) {
  steps.push_back({Act::Say, text + "\r\n."});
}

// RFC 3030. What ends the command or the chunk is the CRLF that Say adds.
void add_chunks(std::vector<Step>& steps, const std::string& text) {
  const std::string size = std::to_string(text.size() + 2);
  steps.push_back({Act::Say, "BDAT " + size + "\r\n" + text});
  steps.push_back({Act::Say, "BDAT " + size + "\r\n" + text});
  steps.push_back({Act::Say, "BDAT 0 LAST"});
}

Plan whole_session(std::vector<Step> steps) {
  quit(steps);
  return {std::move(steps), true, true};
}

Plan refused_message(const std::string& mailbox, const std::string& sender,
                     const std::string& text) {
  auto steps = up_to_data(mailbox, sender);
  add_data(steps, text);
  return whole_session(std::move(steps));
}

Plan refused_commands(std::vector<Step> steps, std::initializer_list<std::string> commands) {
  for (const std::string& command : commands) steps.push_back({Act::Say, command});
  return whole_session(std::move(steps));
}

}  // namespace

Plan good_plan(std::uint64_t number, const std::string& mailbox) {
  const std::string small = message("example.net", kSmallBody);
  auto steps = up_to_mail();
  steps.push_back({Act::Say, "RCPT TO:<" + mailbox + '>'});
  if (number % 2 == 1) steps.push_back({Act::Say, "RCPT TO:<postmaster>"});
  if (number % 4 == 1) {
    add_chunks(steps, small);
    return whole_session(std::move(steps));
  }
  steps.push_back({Act::Say, "DATA"});
  if (number % kPartsEvery == 0)
    add_data(steps, message("example.net", kBodyInParts));
  else
    add_data(steps, number % 4 == 2 ? signed_message() : small);
  return whole_session(std::move(steps));
}

Plan refused_plan(std::uint64_t number, const std::string& mailbox) {
  const std::string rcpt = "RCPT TO:<" + mailbox + '>';
  switch (number % 10) {
    case 0:
      return refused_commands(up_to_mail(), {"RCPT TO:<somebody@elsewhere.example.org>"});
    case 1:
      return refused_commands({{Act::Say, "EHLO flood.example.net"}},
                              {"MAIL FROM:<flood@example.net>", rcpt, "DATA"});
    case 2:
      return refused_commands(up_to_secure_hello(), {"NONSENSE", "MAIL FROM:<", rcpt, "VRFY x"});
    case 3:
      return refused_commands(up_to_mail(), {"BDAT x"});
    case 4:
      return refused_commands(up_to_secure_hello(),
                              {"MAIL FROM:<flood@example.net> SIZE=999999999"});
    case 5:
      return refused_message(mailbox, "a@reject.test", message("reject.test", kSmallBody));
    case 6:
      return refused_message(mailbox, "a@fail.test", message("fail.test", kSmallBody));
    case 7:
      return refused_message(mailbox, "a@null.test", message("null.test", kSmallBody));
    case 8:
      return refused_message(mailbox, "a@example.net", "Subject: nobody wrote it\r\n\r\nx");
    default:
      return refused_message(mailbox, "a@example.net",
                             message("example.net", kSmallBody) + "\nwith a bare line feed");
  }
}

Plan broken_off_plan(std::uint64_t number, const std::string& mailbox,
                     const std::string& client_hello) {
  const std::string half = message("example.net", kHalfBody);
  std::vector<Step> steps;
  bool awaits_greeting = true;
  switch (number / 2 % 8) {
    case 0:
      awaits_greeting = false;
      break;
    case 1:
      break;
    case 2:
      steps = up_to_starttls();
      steps.push_back({Act::Throw, client_hello.substr(0, client_hello.size() / 3)});
      break;
    case 3:  // the server's part of the handshake is never answered
      steps = up_to_starttls();
      steps.push_back({Act::Throw, client_hello});
      break;
    case 4:
      steps = up_to_secure_hello();
      break;
    case 5:
      steps = up_to_data(mailbox);
      steps.push_back({Act::Throw, half});
      break;
    case 6:
      steps = up_to_mail();
      steps.push_back({Act::Say, "RCPT TO:<" + mailbox + '>'});
      steps.push_back({Act::Throw, "BDAT 999999 LAST\r\n" + half});
      break;
    default:  // whole, in parts, but nobody waits for the answer
      steps = up_to_data(mailbox);
      steps.push_back({Act::Throw, message("example.net", kBodyInParts) + "\r\n.\r\n"});
  }
  steps.push_back({number % 2 == 0 ? Act::Reset : Act::Leave});
  return {std::move(steps), awaits_greeting, true};
}

// Another client network each time, so that there are always new ones to be counted.
Plan proxied_plan(std::uint64_t number, const std::string& mailbox) {
  const std::array<int, 3> octets = {static_cast<int>(number >> 16 & 255),
                                     static_cast<int>(number >> 8 & 255),
                                     static_cast<int>(number & 255)};
  std::string header;
  if (number % 2 == 0) {
    header = "PROXY TCP4 10." + std::to_string(octets[0]) + '.' + std::to_string(octets[1]) + '.' +
             std::to_string(octets[2]) + " 192.0.2.1 40000 25";
  } else {  // it ends with an extra (type NOOP, two octets) that is the CRLF that Say adds
    header = std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x11\x0a", 17);
    for (const int octet : octets) header += static_cast<char>(octet);
    header += std::string("\xc0\0\2\1\x9c\x40\0\x19\4\0\2", 11);
  }
  std::vector<Step> steps = {{Act::Say, header}};
  for (Step& step : up_to_data(mailbox)) steps.push_back(std::move(step));
  add_data(steps, message("example.net", kSmallBody));
  quit(steps);
  return {std::move(steps), false, true};
}

}  // namespace flood
