// SPDX-License-Identifier: Apache-2.0
#include "dns/answer_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "dns/name.h"

namespace dns {
namespace {

constexpr std::array kSecurities = {"unknown", "insecure", "secure", "bogus"};
constexpr std::array kStatuses = {"records", "nodata", "nxdomain", "failure"};

template <class Enum, class Names>
std::optional<Enum> value_of(const Names& names, std::string_view word) {
  const auto found = std::find(names.begin(), names.end(), word);
  if (found == names.end()) return {};
  return static_cast<Enum>(found - names.begin());
}

std::string quoted(std::string_view bytes) {
  std::string text = "\"";
  for (const char c : bytes) text += c == ' ' ? " " : presentation({&c, 1});
  return text + '"';
}

// One field of a line: a word, or what stands between double quotes.
struct Field {
  std::string text;
  bool is_quoted = false;
};

// The bytes of a string that quoted() wrote. Nothing when an escape is none.
std::optional<std::string> unquoted(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const std::size_t size = text.front() == '\\' ? 4 : 1;
    unsigned value = static_cast<std::uint8_t>(text.front());
    if (size == 4) {
      if (text.size() < size) return {};
      const auto end = std::from_chars(text.data() + 1, text.data() + size, value).ptr;
      if (end != text.data() + size || value > 0xff) return {};
    }
    bytes += static_cast<char>(value);
    text.remove_prefix(size);
  }
  return bytes;
}

// Takes the first field off `line`. Nothing when a string has no end or a bad escape.
std::optional<Field> take_field(std::string_view& line) {
  const bool is_quoted = line.front() == '"';
  if (is_quoted) line.remove_prefix(1);
  const auto end = line.find(is_quoted ? '"' : ' ');
  if (is_quoted && end == std::string_view::npos) return {};
  const std::string_view text = line.substr(0, end);
  line.remove_prefix(is_quoted ? text.size() + 1 : text.size());
  if (!is_quoted) return Field{std::string(text), false};
  auto bytes = unquoted(text);
  if (!bytes) return {};
  return Field{std::move(*bytes), true};
}

std::optional<std::vector<Field>> fields_of(std::string_view line) {
  std::vector<Field> fields;
  while (!line.empty()) {
    if (line.front() == ' ') {
      line.remove_prefix(1);
      continue;
    }
    auto field = take_field(line);
    if (!field || (!line.empty() && line.front() != ' ')) return {};
    fields.push_back(std::move(*field));
  }
  return fields;
}

// Each takes one record into the answer, or says no.

bool take_address(Answer& answer, const std::string& text, bool v4) {
  const auto address = base::IpAddress::parse(text);
  // A mapped address in an AAAA record has become IPv4.
  if (!address || (v4 && !address->is_v4())) return false;
  answer.addresses.push_back(*address);
  return true;
}

bool take_exchange(Answer& answer, std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  MailExchange exchange;
  const auto [end, error] = std::from_chars(text.data(), text.data() + colon, exchange.preference);
  auto host = from_presentation(text.substr(colon + 1));
  if (error != std::errc{} || end != text.data() + colon || !host) return false;
  exchange.host = std::move(*host);
  answer.exchanges.push_back(std::move(exchange));
  return true;
}

bool take_record(Answer& answer, Type type, const Field& field) {
  if (field.is_quoted != (type == Type::Txt)) return false;
  switch (type) {
    case Type::A:
    case Type::Aaaa:
      return take_address(answer, field.text, type == Type::A);
    case Type::Mx:
      return take_exchange(answer, field.text);
    case Type::Txt:
      answer.texts.push_back(field.text);
      return true;
    case Type::Ptr:
      break;
  }
  auto name = from_presentation(field.text);
  if (name) answer.names.push_back(std::move(*name));
  return name.has_value();
}

bool take_data(Answer& answer, Type type, const std::vector<Field>& data) {
  if (answer.failed()) {
    if (data.size() != 1 || !data[0].is_quoted) return false;
    answer.reason = data[0].text;
    return true;
  }
  if (answer.is_void()) return data.empty();
  return !data.empty() && std::all_of(data.begin(), data.end(), [&](const Field& field) {
    return take_record(answer, type, field);
  });
}

std::optional<Entry> entry_of(std::string_view line) {
  const auto fields = fields_of(line);
  if (!fields || fields->size() < 4) return {};
  const auto at = [&](std::size_t i) -> const std::string& { return (*fields)[i].text; };
  const auto name = from_presentation(at(0));
  const auto type = parse_type(at(1));
  const auto security = value_of<Security>(kSecurities, at(2));
  const auto status = value_of<Status>(kStatuses, at(3));
  if (!name || name->empty() || !type || !security || !status) return {};
  Entry entry{{*name, *type}, Answer::of(*status, *security)};
  if (!take_data(entry.answer, *type, {fields->begin() + 4, fields->end()})) return {};
  return entry;
}

}  // namespace

const char* name_of(Security security) {
  return kSecurities.at(static_cast<std::size_t>(security));
}

const char* name_of(Status status) { return kStatuses.at(static_cast<std::size_t>(status)); }

std::vector<std::string> data_of(const Answer& answer) {
  std::vector<std::string> data;
  if (answer.failed()) data.push_back(quoted(answer.reason));
  for (const auto& address : answer.addresses) data.push_back(address.to_string());
  for (const auto& bytes : answer.texts) data.push_back(quoted(bytes));
  for (const auto& exchange : answer.exchanges)
    data.push_back(std::to_string(exchange.preference) + ':' + presentation(exchange.host));
  for (const auto& name : answer.names) data.push_back(presentation(name));
  return data;
}

std::string to_text(const AnswerTable& table) {
  std::string text;
  for (const auto& [question, answer] : table.entries()) {
    text += question.to_string() + ' ' + name_of(answer.security) + ' ' + name_of(answer.status);
    for (const std::string& item : data_of(answer)) text += ' ' + item;
    text += '\n';
  }
  return text;
}

base::Result<AnswerTable> from_text(std::string_view text) {
  AnswerTable table;
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty() || line.front() == ';') continue;
    auto entry = entry_of(line);
    const std::string where = "line " + std::to_string(number) + ": ";
    if (!entry) return base::Error::permanent(where + "not an answer");
    if (table.find(entry->question) != nullptr)
      return base::Error::permanent(where + "a second answer to one question");
    table.add(entry->question, std::move(entry->answer));
  }
  return table;
}

}  // namespace dns
