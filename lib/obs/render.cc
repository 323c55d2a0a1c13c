// SPDX-License-Identifier: Apache-2.0
#include "obs/render.h"

#include <syslog.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdint>
#include <cstdio>

#include "base/ascii.h"
#include "base/assert.h"

namespace obs {
namespace {

struct LevelRow {
  Level level;
  std::string_view name;
  int priority;
};

constexpr std::array<LevelRow, 4> kLevels{{
    {Level::Debug, "debug", LOG_DEBUG},
    {Level::Info, "info", LOG_INFO},
    {Level::Warning, "warning", LOG_WARNING},
    {Level::Error, "error", LOG_ERR},
}};

const LevelRow& row_of(Level level) {
  const auto* row = std::find_if(kLevels.begin(), kLevels.end(),
                                 [level](const LevelRow& r) { return r.level == level; });
  POSTERN_ASSERT(row != kLevels.end());
  return *row;
}

// FNV-1a. Nobody chooses the names, so it need not withstand anybody.
std::uint64_t hash(std::string_view text, std::uint64_t value) {
  constexpr std::uint64_t kPrime = 0x100000001b3;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * kPrime;
  return value;
}

bool is_plain(char c) { return base::is_printable(c) && c != '"' && c != '\\'; }

}  // namespace

bool is_token(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_plain(c) && c != ' ' && c != '='; });
}

std::string escape(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    if (is_plain(c)) {
      result += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    result += "\\x";
    result += kHex[byte >> 4];
    result += kHex[byte & 0xf];
  }
  return result;
}

std::string timestamp(base::WallTime time) {
  const base::UtcTime utc(time);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", utc.year,
                utc.month, utc.day, utc.hour, utc.minute, utc.second, utc.millisecond);
  return text.data();
}

std::string_view to_string(Level level) { return row_of(level).name; }

void append_logfmt(std::string& line, std::string_view key, std::string_view value, bool quoted) {
  if (!line.empty()) line += ' ';
  line.append(key).append(quoted ? "=\"" : "=").append(value);
  if (quoted) line += '"';
}

void append_json(std::string& line, std::string_view key, std::string_view value, bool quoted) {
  if (!line.empty()) line += ',';
  line.append("\"").append(key).append(quoted ? "\":\"" : "\":");
  for (const char c : value) {
    // Escaped text is printable ASCII without quotes: only its backslashes are special in JSON.
    if (c == '\\') line += '\\';
    line += c;
  }
  if (quoted) line += '"';
}

void append_journal(std::string& entry, std::string_view name, std::string_view value) {
  entry.append(name).append("=").append(value.substr(0, kMaxJournalField));
  if (value.size() > kMaxJournalField) entry += "...";
  entry += '\n';
}

void append_journal_head(std::string& entry, std::string_view line, Level level) {
  append_journal(entry, "MESSAGE", line);
  append_journal(entry, "PRIORITY", std::to_string(row_of(level).priority));
  append_journal(entry, "SYSLOG_IDENTIFIER", "postern");
  append_journal(entry, "SYSLOG_FACILITY", std::to_string(LOG_FAC(LOG_MAIL)));
}

std::string journal_name(std::string_view key) { return "POSTERN_" + base::upper(key); }

std::string message_id(std::string_view event) {
  constexpr std::uint64_t kBasis = 0xcbf29ce484222325;
  constexpr std::uint64_t kVersion = 0xf000, kVersion8 = 0x8000;
  constexpr std::uint64_t kVariant = 0xc000000000000000, kVariantRfc = 0x8000000000000000;
  std::uint64_t high = hash(event, hash("postern event ", kBasis));
  std::uint64_t low = hash(event, high);
  high = (high & ~kVersion) | kVersion8;
  low = (low & ~kVariant) | kVariantRfc;
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016" PRIx64 "%016" PRIx64, high, low);
  return text.data();
}

std::string dress(std::string_view body, Level level, Format format, Target target,
                  base::WallTime time) {
  std::string line;
  if (target == Target::JournalStream) line = "<" + std::to_string(row_of(level).priority) + ">";
  if (format == Format::Json) {
    std::string head;
    append_json(head, "time", timestamp(time), true);
    append_json(head, "level", to_string(level), true);
    return line.append("{").append(head).append(",").append(body).append("}\n");
  }
  if (target == Target::Stream) {
    append_logfmt(line, "time", timestamp(time), false);
    append_logfmt(line, "level", to_string(level), false);
    line += ' ';
  }
  return line.append(body).append("\n");
}

}  // namespace obs
