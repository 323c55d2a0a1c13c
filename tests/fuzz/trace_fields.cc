// SPDX-License-Identifier: Apache-2.0
// The fields that we put on top of a message, of what a stranger said: each is one field, and
// `postern verify` reads them again. Lines: HELO, reverse-path, recipient, client; first a byte of
// choices.
#include "mail/trace.h"

#include <algorithm>

#include "base/ascii.h"
#include "fuzz/fuzz.h"
#include "fuzz/spf_input.h"
#include "mail/stored_trace.h"

namespace {

using fuzz::require;

constexpr std::size_t kMaxLine = 998;  // RFC 5322 section 2.1.1
const std::string kHost = "mx.ours.test";

// "4:Received" for one field of that name.
void check_field(const std::string& field, std::string_view name) {
  require(field.ends_with("\r\n"), "a field ends in CRLF");
  const mail::HeaderFields header(field);
  require(header.all().size() == 1 && header.all().front().name == name, "it is one field");
  std::string_view rest = field;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    require(line.size() <= kMaxLine && line.find_first_not_of(" \t") != std::string_view::npos,
            "a line is within its limit, and not blank");
    require(line.find_first_of("\r\n\0") == std::string_view::npos, "no line end stands alone");
    rest.remove_prefix(line.size() + 2);
  }
}

mail::ReceivedFacts facts_of(std::uint8_t choices, std::string_view helo) {
  mail::ReceivedFacts facts;
  facts.hostname = kHost;
  facts.helo = helo;
  facts.esmtp = (choices & 1) != 0;
  facts.smtputf8 = (choices & 2) != 0;
  facts.require_tls = (choices & 4) != 0;
  if ((choices & 8) != 0) facts.tls = mail::TlsFacts{"TLSv1.3", "TLS_AES_256_GCM_SHA384"};
  facts.queue_id = "6A3F5C00.0101";
  facts.time = base::WallTime(std::chrono::seconds(1'795'294'980));
  return facts;
}

// Behind what was written nothing of the sender's is taken for ours.
void check_stored(const std::string& top, const mail::Path& path,
                  const mail::ReceivedFacts& facts) {
  const std::string message = top + "Subject: x\r\n\r\n";
  const auto read = mail::read_stored_trace(mail::HeaderFields(message), kHost, kHost);
  require(read.has_value(), "what we wrote is ours");
  require(read->size == top.size(), "it ends where it ends");
  require(read->reverse_path == path, "the reverse-path is the same");
  require(read->received.client == facts.client, "the client is the same");
  require(read->received.smtputf8 == facts.smtputf8 && read->received.time == facts.time,
          "the rest is the same");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t choices = input.byte();
  std::string_view rest = input.rest();
  mail::ReceivedFacts facts = facts_of(choices, fuzz::take_line(rest));
  const auto path = mail::parse_path(fuzz::take_line(rest), mail::PathKind::Reverse);
  const auto recipient = mail::parse_mailbox(fuzz::take_line(rest));
  facts.client = base::IpAddress::parse(rest).value_or(base::IpAddress());
  if (recipient && (choices & 16) != 0) facts.only_recipient = *recipient;

  const std::string received = mail::received_field(facts);
  check_field(received, "Received");
  if (!path || !recipient) return 0;
  const std::string return_path = mail::return_path_field(path->path);
  check_field(return_path, "Return-Path");
  const std::string delivered_to = mail::delivered_to_field(*recipient);
  check_field(delivered_to, "Delivered-To");
  check_stored(return_path + delivered_to + received, path->path, facts);
  return 0;
}
