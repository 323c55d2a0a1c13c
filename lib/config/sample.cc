// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "config/describe.h"

namespace config {
namespace {

constexpr std::size_t kWidth = 100;

constexpr char kIntroduction[] =
    "# Configuration of Postern, an inbound SMTP server. The format is TOML; see postern.conf(5).\n"
    "# Lines that begin with \"# \" are comments. Lines that begin with \"#\" and a name show a\n"
    "# default or an example: take the \"#\" away to set them. Paths are relative to this file.\n"
    "# Check a change with \"postern check -c FILE\" before a restart.\n";

bool is_active(const Key& key) { return key.need == Key::Need::Required || key.in_sample; }

std::string setting(const Key& key, bool section_active) {
  std::string remark(key.doc);
  remark += ' ' + describe_value(key);
  if (const std::string effect = describe_effect(key); !effect.empty()) remark += ' ' + effect;
  const std::string_view value = key.example.empty() ? key.fallback : key.example;
  std::string result = wrap(remark, "# ", kWidth);
  if (!section_active || !is_active(key)) result += '#';
  return result + std::string(name_of(key)) + " = " + std::string(value) + '\n';
}

std::string section_text(const Section& section) {
  // An array that nobody needs would be an element; a table without settings changes nothing.
  const bool active = section.kind == Section::Kind::Table || section.required;
  std::string result;
  if (!section.path.empty())
    result +=
        '\n' + wrap(section.doc, "# ", kWidth) + (active ? "" : "#") + header_of(section) + '\n';
  for (const Key* key : keys_of(section)) result += '\n' + setting(*key, active);
  return result;
}

}  // namespace

std::string sample() {
  std::string result = kIntroduction;
  for (const Section& section : sections()) result += section_text(section);
  return result;
}

}  // namespace config
