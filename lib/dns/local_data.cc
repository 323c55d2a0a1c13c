// SPDX-License-Identifier: Apache-2.0
#include "dns/local_data.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "dns/message.h"
#include "dns/name.h"

namespace dns {
namespace {

constexpr std::size_t kMaxString = 255;        // octets; RFC 1035 section 3.3
constexpr std::uint32_t kMaxTtl = 0x7fffffff;  // seconds; RFC 2181 section 8
constexpr std::string_view kBlanks = " \t";

base::Error bad(const std::string& what) { return base::Error::permanent(what); }

// One field of a line, its escapes as they were written.
struct Field {
  std::string_view text;
  bool is_quoted = false;
};
using Fields = std::vector<Field>;

// Where the field that begins `text` ends; nothing: at no closing quote.
std::optional<std::size_t> end_of(std::string_view text, bool is_quoted) {
  const std::string_view ends = is_quoted ? std::string_view("\"") : std::string_view(" \t;\"");
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (ends.find(text[i]) != std::string_view::npos)
      return i;
  }
  if (is_quoted) return {};
  return text.size();
}

base::Result<Fields> split(std::string_view line) {
  Fields fields;
  for (;;) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    if (line.empty() || line.front() == ';') return fields;
    const bool is_quoted = line.front() == '"';
    if (is_quoted) line.remove_prefix(1);
    const auto end = end_of(line, is_quoted);
    if (!end) return bad("a string has no closing quote");
    fields.push_back({line.substr(0, *end), is_quoted});
    line.remove_prefix(*end + (is_quoted ? 1 : 0));
    if (!line.empty() && line.front() != ';' && kBlanks.find(line.front()) == kBlanks.npos)
      return bad("a blank is missing beside a string");
  }
}

template <class Number>
std::optional<Number> number_of(std::string_view text, Number most) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > most) return {};
  return value;
}

// RFC 1035 section 5.1: \DDD is an octet, \X is X.
std::optional<std::string> unescaped(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    char c = text.front();
    text.remove_prefix(1);
    if (c == '\\') {
      if (text.empty()) return {};
      const bool is_number = base::is_digit(text.front());
      const auto octet = number_of<std::uint8_t>(text.substr(0, 3), 0xff);
      if (is_number && (text.size() < 3 || !octet)) return {};
      c = is_number ? static_cast<char>(*octet) : text.front();
      text.remove_prefix(is_number ? 3 : 1);
    }
    bytes += c;
  }
  return bytes;
}

std::optional<std::string> name_of(const Field& field) {
  if (field.is_quoted) return {};
  return from_presentation(field.text);
}

// Each takes the data of one record; an error text, or nothing.
using Complaint = std::optional<std::string>;

Complaint take_address(Answer& answer, const Fields& data, bool v4) {
  const auto address =
      data.size() == 1 ? base::IpAddress::parse(data[0].text) : std::optional<base::IpAddress>();
  const bool has_colon = address && data[0].text.find(':') != std::string_view::npos;
  if (!address || has_colon == v4)
    return v4 ? "an A record has one IPv4 address" : "an AAAA record has one IPv6 address";
  answer.addresses.push_back(*address);
  return {};
}

Complaint take_exchange(Answer& answer, const Fields& data) {
  const auto preference =
      data.size() == 2 ? number_of<std::uint16_t>(data[0].text, 0xffff) : std::nullopt;
  auto host = data.size() == 2 ? name_of(data[1]) : std::nullopt;
  if (!preference || !host) return "an MX record has a preference and a host";
  answer.exchanges.push_back({*preference, std::move(*host)});
  return {};
}

Complaint take_text(Answer& answer, const Fields& data) {
  std::string text;
  for (const Field& field : data) {
    const auto bytes = unescaped(field.text);
    if (!bytes) return "an escape is \\ and a character, or \\ and three digits up to 255";
    if (bytes->size() > kMaxString) return "a string is longer than 255 octets; split it";
    text += *bytes;
  }
  if (data.empty()) return "a TXT record has a string";
  answer.texts.push_back(std::move(text));
  return {};
}

Complaint take_name(Answer& answer, const Fields& data) {
  auto name = data.size() == 1 ? name_of(data[0]) : std::nullopt;
  if (!name || name->empty()) return "the record has one name";
  answer.names.push_back(std::move(*name));
  return {};
}

Complaint take_data(Answer& answer, std::optional<Type> type, const Fields& data) {
  if (!type) return take_name(answer, data);
  switch (*type) {
    case Type::A:
    case Type::Aaaa:
      return take_address(answer, data, *type == Type::A);
    case Type::Mx:
      return take_exchange(answer, data);
    case Type::Txt:
      return take_text(answer, data);
    case Type::Ptr:
      break;
  }
  return take_name(answer, data);
}

// What stands in one line. The type is nothing for a CNAME, whose target is then in `names`.
struct Line {
  std::string owner;
  std::optional<Type> type;
  Answer data = Answer::of(Status::Records);
};

// Time to live and class come in any order, each at most once.
void skip_ttl_and_class(Fields& fields) {
  bool has_ttl = false;
  bool has_class = false;
  while (!fields.empty() && !fields.front().is_quoted) {
    const std::string_view text = fields.front().text;
    if (!has_ttl && number_of(text, kMaxTtl))
      has_ttl = true;
    else if (!has_class && base::iequals(text, "IN"))
      has_class = true;
    else
      return;
    fields.erase(fields.begin());
  }
}

base::Result<Line> read_line(std::string_view text) {
  if (std::ranges::any_of(text, [](char c) { return c != '\t' && !base::is_printable(c); }))
    return bad("only printable ASCII may be in it; other octets are written \\DDD");
  auto fields = split(text);
  if (!fields) return fields.error();
  if (fields->empty()) return bad("there is no record in it");
  auto owner = name_of(fields->front());
  // There is no origin that names could be relative to.
  if (!owner || owner == "@") return bad("it does not begin with a domain name");
  if (owner->starts_with('*')) return bad("there are no wildcards");
  fields->erase(fields->begin());
  skip_ttl_and_class(*fields);
  const std::string type =
      fields->empty() || fields->front().is_quoted ? "" : base::upper(fields->front().text);
  Line line;
  line.owner = std::move(*owner);
  line.type = parse_type(type);
  if (!line.type && type != "CNAME")
    return bad("NAME [TTL] [IN] TYPE DATA is awaited, with TYPE one of A AAAA CNAME MX PTR TXT");
  fields->erase(fields->begin());
  if (const auto complaint = take_data(line.data, line.type, *fields)) return bad(*complaint);
  return line;
}

template <class Value>
void append(std::vector<Value>& to, std::vector<Value>& from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

void merge(Answer& answer, Answer& more) {
  append(answer.addresses, more.addresses);
  append(answer.texts, more.texts);
  append(answer.exchanges, more.exchanges);
  append(answer.names, more.names);
}

}  // namespace

base::Result<LocalData> LocalData::of(const std::vector<std::string>& lines) {
  LocalData data;
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (const auto added = data.add(lines[i]); !added)
      return bad("line " + std::to_string(i + 1) + ": " + added.error().reason);
  return data;
}

base::Status LocalData::add(std::string_view text) {
  auto line = read_line(text);
  if (!line) return line.error();
  Node& node = nodes_[line->owner];
  // RFC 1034 section 3.6.2.
  if (!node.alias.empty() || (!line->type && !node.answers.empty()))
    return bad("a CNAME and another record have the same name");
  if (!line->type) {
    node.alias = std::move(line->data.names.front());
    return base::ok();
  }
  const auto [answer, is_new] = node.answers.try_emplace(*line->type, line->data);
  if (!is_new) merge(answer->second, line->data);
  return base::ok();
}

bool LocalData::owns(std::string_view name) const {
  for (;;) {
    if (nodes_.contains(name)) return true;
    if (name.empty()) return false;
    name.remove_prefix(std::min(name.find('.'), name.size() - 1) + 1);
  }
}

bool LocalData::has_names_below(std::string_view name) const {
  return std::ranges::any_of(nodes_,
                             [&](const auto& node) { return is_at_or_below(node.first, name); });
}

std::optional<Answer> LocalData::find(Question& question) const {
  for (int aliases = 0; owns(question.name); ++aliases) {
    const auto node = nodes_.find(question.name);
    if (node == nodes_.end())
      return Answer::of(has_names_below(question.name) ? Status::NoData : Status::NoName);
    if (node->second.alias.empty()) {
      const auto answer = node->second.answers.find(question.type);
      if (answer == node->second.answers.end()) return Answer::of(Status::NoData);
      return answer->second;
    }
    if (aliases == kMaxAliases)
      return Answer::of(Status::Failure, Security::Unknown, "a chain of CNAMEs without end");
    question.name = node->second.alias;
  }
  return {};
}

}  // namespace dns
