// SPDX-License-Identifier: Apache-2.0
#include "config/diagnostic.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace config {
namespace {

constexpr std::size_t kShownColumns = 160;  // characters of a source line; longer ones are cut
constexpr std::size_t kNumberWidth = 5;

struct Severity {
  const char* one;
  const char* many;
};
constexpr Severity kSeverities[] = {
    {"error", "errors"}, {"warning", "warnings"}, {"note", "notes"}};

const Severity& words(Diagnostic::Severity severity) {
  return kSeverities[static_cast<std::size_t>(severity)];
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// U+0080 to U+009F, which some terminals obey as they do ESC and its like.
bool is_c1_control(std::string_view text) {
  return text.starts_with('\xc2') && text.size() > 1 && is_continuation(text[1]) &&
         static_cast<unsigned char>(text[1]) < 0xa0;
}

// A tab is kept as one blank, so that the caret stands below its character.
std::string printable(std::string_view text) {
  std::string result;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text.front();
    const bool c1 = is_c1_control(text);
    if (c1) text.remove_prefix(1);
    result += c == '\t' ? ' ' : c1 || is_control(c) ? '?' : c;
  }
  return result;
}

// The part of the line from character `first` on, at most `count` characters.
std::string_view characters(std::string_view text, std::size_t first, std::size_t count) {
  std::size_t begin = text.size(), end = text.size(), seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_continuation(text[i])) continue;
    if (seen == first) begin = i;
    if (seen == first + count) {
      end = i;
      break;
    }
    ++seen;
  }
  return text.substr(begin, end - begin);
}

std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

std::string excerpt(const Diagnostic& diagnostic) {
  const std::size_t column = diagnostic.column == 0 ? 0 : diagnostic.column - 1;
  const std::size_t first = column > kShownColumns / 2 ? column - kShownColumns / 2 : 0;
  const std::string_view shown = characters(diagnostic.source_line, first, kShownColumns);
  const std::string number = std::to_string(diagnostic.line);
  std::string result(kNumberWidth - std::min(kNumberWidth, number.size()), ' ');
  result += number + " | " + printable(shown) + '\n';
  if (diagnostic.column == 0 && diagnostic.hint.empty()) return result;

  const std::size_t offset = column - first;
  const std::size_t shown_length = length_of(shown);
  const std::size_t room = shown_length > offset ? shown_length - offset : 1;
  const std::size_t carets = std::clamp<std::size_t>(diagnostic.length, 1, room);
  result += std::string(std::max(kNumberWidth, number.size()), ' ') + " | ";
  result += std::string(offset, ' ') + std::string(carets, '^');
  if (!diagnostic.hint.empty()) result += ' ' + printable(diagnostic.hint);
  return result + '\n';
}

std::string place(const Diagnostic& diagnostic) {
  std::string result = printable(diagnostic.file);
  if (diagnostic.line == 0) return result;
  result += ':' + std::to_string(diagnostic.line);
  if (diagnostic.column != 0) result += ':' + std::to_string(diagnostic.column);
  return result;
}

std::string render_one(const Diagnostic& diagnostic) {
  std::string result = place(diagnostic) + ": " + words(diagnostic.severity).one + ": " +
                       printable(diagnostic.message) + '\n';
  if (diagnostic.line != 0) return result + excerpt(diagnostic);
  if (!diagnostic.hint.empty()) result += "      | " + printable(diagnostic.hint) + '\n';
  return result;
}

std::string closing_count(const std::vector<Diagnostic>& diagnostics) {
  std::string result;
  for (const auto severity :
       {Diagnostic::Severity::Error, Diagnostic::Severity::Warning, Diagnostic::Severity::Note}) {
    const auto count = std::count_if(diagnostics.begin(), diagnostics.end(),
                                     [&](const Diagnostic& d) { return d.severity == severity; });
    if (count == 0) continue;
    if (!result.empty()) result += ", ";
    result +=
        std::to_string(count) + ' ' + (count == 1 ? words(severity).one : words(severity).many);
  }
  return result + ". See postern.conf(5).\n";
}

}  // namespace

std::string render(const std::vector<Diagnostic>& diagnostics) {
  if (diagnostics.empty()) return {};
  std::string result;
  for (const Diagnostic& diagnostic : diagnostics) result += render_one(diagnostic);
  return result + closing_count(diagnostics);
}

}  // namespace config
