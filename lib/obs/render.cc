// SPDX-License-Identifier: Apache-2.0
#include "obs/render.h"

#include <syslog.h>

#include <algorithm>
#include <array>
#include <chrono>
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
  // Calendar arithmetic of our own: gmtime_r() opens the time zone file at its first call.
  namespace chrono = std::chrono;
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(day);
  const chrono::hh_mm_ss clock(chrono::floor<chrono::milliseconds>(time - day));
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
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

std::string dress(std::string_view body, Level level, Format format, Target target,
                  base::WallTime time) {
  std::string line;
  if (target == Target::Journal) line = "<" + std::to_string(row_of(level).priority) + ">";
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
