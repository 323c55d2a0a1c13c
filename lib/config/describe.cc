// SPDX-License-Identifier: Apache-2.0
#include "config/describe.h"

#include <algorithm>

#include "base/ascii.h"
#include "config/interpret.h"

namespace config {
namespace {

constexpr std::size_t kTextWidth = 80;
constexpr std::size_t kNameWidth = 32;

std::string one_of(std::span<const std::string_view> allowed) {
  std::string result = "One of ";
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    if (i != 0) result += i + 1 == allowed.size() ? " and " : ", ";
    result += '"' + std::string(allowed[i]) + '"';
  }
  return result + '.';
}

std::string range_of(const Key& key) {
  if (key.most.empty()) return {};
  if (key.type == Type::ZoneLines)
    return ", each of at most " + std::string(key.most) + " characters";
  if (key.least == key.most) return ", always " + std::string(key.least);
  const std::string range = std::string(key.least) + " to " + std::string(key.most);
  const bool is_text = key.type == Type::String || key.type == Type::ReplyText;
  return is_text ? " of " + range + " characters" : ", " + range;
}

std::string setting_line(const Key& key) {
  std::string name(name_of(key));
  name.resize(std::max(kNameWidth, name.size() + 1), ' ');
  if (!key.fallback.empty()) return "  " + name + std::string(key.fallback) + '\n';
  return "  " + name + (key.need == Key::Need::Required ? "(required)" : "(not set)") + '\n';
}

}  // namespace

std::string header_of(const Section& section) {
  if (section.path.empty()) return {};
  const std::string path(section.path);
  return section.kind == Section::Kind::Array ? "[[" + path + "]]" : '[' + path + ']';
}

std::string describe_value(const Key& key) {
  if (!key.allowed.empty()) return one_of(key.allowed);
  std::string result(describe(key.type));
  result.front() = base::to_upper(result.front());
  return result + range_of(key) + '.';
}

std::string describe_effect(const Key& key) {
  if (key.set == nullptr) return "Without effect in this version.";
  return key.reloadable ? std::string() : "A change needs a restart.";
}

std::string describe_key(const Key& key) {
  std::string result(key.path);
  result += '\n' + wrap(key.doc, "  ", kTextWidth);
  result += "  Value:   " + describe_value(key) + '\n';
  if (!key.fallback.empty()) result += "  Default: " + std::string(key.fallback) + '\n';
  if (!key.example.empty()) result += "  Example: " + std::string(key.example) + '\n';
  if (key.need == Key::Need::Required) result += "  Required.\n";
  const std::string effect = describe_effect(key);
  return effect.empty() ? result : result + "  " + effect + '\n';
}

std::string describe_keys() {
  std::string result;
  for (const Section& section : sections()) {
    if (!section.path.empty()) result += '\n' + header_of(section) + '\n';
    for (const Key* key : keys_of(section)) result += setting_line(*key);
  }
  return result;
}

std::string wrap(std::string_view text, std::string_view prefix, std::size_t width) {
  std::string result;
  std::string line;
  const auto end_line = [&] {
    result += std::string(prefix) + line + '\n';
    line.clear();
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && prefix.size() + line.size() + 1 + word.size() > width) end_line();
    if (!line.empty()) line += ' ';
    line += word;
  }
  if (!line.empty()) end_line();
  return result;
}

}  // namespace config
