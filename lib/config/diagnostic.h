// SPDX-License-Identifier: Apache-2.0
// What is wrong with the configuration, and where.
#pragma once

#include <string>
#include <vector>

namespace config {

struct Diagnostic {
  enum class Severity { Error, Warning, Note };
  Severity severity = Severity::Error;
  std::string file;
  unsigned line = 0;    // 1-based; 0: about the whole file
  unsigned column = 0;  // 1-based, in characters; 0: about the whole line
  unsigned length = 0;  // characters to underline
  std::string message;
  std::string hint;         // behind the caret: did you mean "max_message_size"?
  std::string source_line;  // the line as it stands in the file, without its end
};

// All diagnostics in the order given, in the form
//   FILE:LINE:COLUMN: error: message
//      LINE | the line
//           |   ^^^^ hint
// and a closing count; empty without diagnostics. Bytes that could move a terminal's cursor are
// shown as '?'.
std::string render(const std::vector<Diagnostic>& diagnostics);

}  // namespace config
