// SPDX-License-Identifier: Apache-2.0
#include "config/report.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "config/load.h"

namespace config {
namespace {

constexpr std::size_t kShownText = 80;  // bytes of a value in a message

}  // namespace

Report::Report(std::string file, std::string_view text) : file_(std::move(file)), text_(text) {
  line_starts_.push_back(0);
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n') line_starts_.push_back(i + 1);
}

void Report::error(const Place& place, std::string message, std::string hint) {
  add(Diagnostic::Severity::Error, place, std::move(message), std::move(hint));
}

void Report::warning(const Place& place, std::string message, std::string hint) {
  add(Diagnostic::Severity::Warning, place, std::move(message), std::move(hint));
}

void Report::note(const Place& place, std::string message) {
  add(Diagnostic::Severity::Note, place, std::move(message), {});
}

void Report::error_in(const std::string& file, unsigned line, std::string_view source_line,
                      std::string message) {
  keep({Diagnostic::Severity::Error,
        file,
        line,
        0,
        0,
        std::move(message),
        {},
        std::string(source_line)});
}

void Report::add(Diagnostic::Severity severity, const Place& place, std::string message,
                 std::string hint) {
  keep({severity, file_, place.line, place.column, place.length, std::move(message),
        std::move(hint), std::string(source_line(place.line))});
}

void Report::keep(Diagnostic diagnostic) {
  if (diagnostic.severity == Diagnostic::Severity::Error) ++errors_;
  if (diagnostics_.size() < kMaxDiagnostics)
    diagnostics_.push_back(std::move(diagnostic));
  else
    ++dropped_;
}

std::string_view Report::source_line(unsigned line) const {
  if (line == 0 || line > line_starts_.size()) return {};
  const std::size_t begin = line_starts_[line - 1];
  std::string_view found = text_.substr(begin, text_.find('\n', begin) - begin);
  if (!found.empty() && found.back() == '\r') found.remove_suffix(1);
  return found;
}

std::vector<Diagnostic> Report::take() {
  const auto order = [this](const Diagnostic& d) {
    return std::tuple(d.file != file_, d.line == 0, d.line, d.column);
  };
  std::stable_sort(diagnostics_.begin(), diagnostics_.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return order(a) < order(b); });
  if (dropped_ != 0)
    diagnostics_.push_back({Diagnostic::Severity::Note,
                            file_,
                            0,
                            0,
                            0,
                            std::to_string(dropped_) + " more are not shown",
                            {},
                            {}});
  return std::move(diagnostics_);
}

std::string quoted(std::string_view text) {
  if (text.size() <= kShownText) return '"' + std::string(text) + '"';
  return '"' + std::string(text.substr(0, kShownText)) + "...\"";
}

}  // namespace config
