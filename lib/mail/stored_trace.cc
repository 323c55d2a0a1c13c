// SPDX-License-Identifier: Apache-2.0
#include "mail/stored_trace.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "base/ascii.h"
#include "mail/auth_results.h"

namespace mail {
namespace {

constexpr std::string_view kFold = "\r\n\t";

// Reads a text from its begin. What is not there as expected is read as empty: the caller compares
// at the end.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool skip(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  // What stands before `end`, which is skipped too; all of it where `end` is not there.
  std::string_view until(std::string_view end) {
    const auto at = rest_.find(end);
    if (at == std::string_view::npos) return std::exchange(rest_, {});
    const auto word = rest_.substr(0, at);
    rest_.remove_prefix(at + end.size());
    return word;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// The tokens of a field that folded() wrote, with a blank between them.
std::string tokens_of(const HeaderField& field) {
  std::string text;
  for (Reader reader(field.value); !reader.rest().empty();) {
    if (!text.empty()) text += ' ';
    text += base::trim(reader.until(kFold));
  }
  return text;
}

// What we write as one token of our own choice.
bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return base::is_alnum(c) || std::string_view("._-").find(c) != std::string_view::npos;
  });
}

// "[192.0.2.7]", "[IPv6:2001:db8::1]"
std::optional<base::IpAddress> read_literal(std::string_view text) {
  Reader reader(text);
  if (!reader.skip("[IPv6:")) reader.skip("[");
  return base::IpAddress::parse(reader.until("]"));
}

// "(TLSv1.3 TLS_AES_256_GCM_SHA384) (REQUIRETLS) id QUEUE-ID for <info@example.org>", with less or
// more of it
void read_end(Reader reader, ReceivedFacts& facts) {
  if (reader.rest().starts_with("(TLS") && reader.skip("(")) {
    facts.tls.emplace();
    facts.tls->version = reader.until(" ");
    facts.tls->cipher = reader.until(") ");
  }
  facts.require_tls = reader.skip("(REQUIRETLS) ");
  reader.skip("id ");
  facts.queue_id = reader.until(" for <");
  if (reader.rest().ends_with('>'))
    facts.only_recipient = parse_mailbox(reader.rest().substr(0, reader.rest().size() - 1));
}

std::optional<ReceivedFacts> read_received(const HeaderField& field, const std::string& hostname) {
  const std::string text = tokens_of(field);
  const auto semicolon = text.rfind("; ");
  if (semicolon == std::string::npos) return std::nullopt;
  ReceivedFacts facts;
  facts.hostname = hostname;
  Reader reader(std::string_view(text).substr(0, semicolon));
  reader.skip("from ");
  facts.helo = reader.until(" (");
  const auto client = read_literal(reader.until(") by "));
  reader.skip(hostname + " with ");
  const auto protocol = reader.until(" ");
  facts.smtputf8 = protocol.starts_with("UTF8");
  facts.esmtp = facts.smtputf8 || protocol.starts_with("E");
  read_end(reader, facts);
  const auto time = time_of(std::string_view(text).substr(semicolon + 2));
  const bool has_words =
      is_word(facts.queue_id) &&
      (!facts.tls || (is_word(facts.tls->version) && is_word(facts.tls->cipher)));
  if (!client || !time || !has_words) return std::nullopt;
  facts.client = *client;
  facts.time = *time;
  if (received_field(facts) != field.raw) return std::nullopt;
  return facts;
}

std::optional<Path> read_return_path(const HeaderField& field) {
  const std::string text = unfolded(field.value);
  const auto parsed = parse_path(text, PathKind::Reverse);
  if (!parsed || return_path_field(parsed->path) != field.raw) return std::nullopt;
  return parsed->path;
}

bool is_delivered_to(const HeaderField& field) {
  const auto mailbox = parse_mailbox(unfolded(field.value));
  return mailbox && delivered_to_field(*mailbox) == field.raw;
}

// As we write it: in this spelling.
bool is_written_by_us(const HeaderField& field, const std::string& authserv_id) {
  return field.name == kAuthResults && unfolded(field.value).starts_with(authserv_id + ';');
}

}  // namespace

std::optional<StoredTrace> read_stored_trace(const HeaderFields& header,
                                             const std::string& hostname,
                                             const std::string& authserv_id) {
  const auto& fields = header.all();
  std::size_t count = 2;
  if (fields.size() > count && is_written_by_us(fields[count], authserv_id)) ++count;
  if (fields.size() <= count || !is_delivered_to(fields[1])) return std::nullopt;
  const auto path = read_return_path(fields[0]);
  const auto received = read_received(fields[count++], hostname);
  if (!path || !received) return std::nullopt;
  StoredTrace trace{0, {}, *path, *received};
  for (const HeaderField& field : std::span(fields).first(count)) {
    trace.size += field.raw.size();
    trace.fields.push_back(unfolded(field.raw));
  }
  return trace;
}

}  // namespace mail
