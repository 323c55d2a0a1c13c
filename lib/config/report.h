// SPDX-License-Identifier: Apache-2.0
// Collects diagnostics while a file is read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.h"
#include "config/value.h"

namespace config {

class Report {
 public:
  // `text` is the file's content; it must outlive the report.
  Report(std::string file, std::string_view text);

  void error(const Place& place, std::string message, std::string hint = {});
  void warning(const Place& place, std::string message, std::string hint = {});
  void note(const Place& place, std::string message);
  // About a line of another file.
  void error_in(const std::string& file, unsigned line, std::string_view source_line,
                std::string message);

  bool has_errors() const { return errors_ != 0; }
  // At most kMaxDiagnostics, and a note that counts the rest. The file's own lines come first and
  // in order, then what is about the file as a whole, then other files.
  std::vector<Diagnostic> take();

 private:
  void add(Diagnostic::Severity severity, const Place& place, std::string message,
           std::string hint);
  void keep(Diagnostic diagnostic);
  std::string_view source_line(unsigned line) const;

  std::string file_;
  std::string_view text_;
  std::vector<std::size_t> line_starts_;
  std::vector<Diagnostic> diagnostics_;
  std::size_t errors_ = 0;
  std::size_t dropped_ = 0;
};

// `text` in quotes for a message: cut where it is long.
std::string quoted(std::string_view text);

}  // namespace config
