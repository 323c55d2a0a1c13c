// SPDX-License-Identifier: Apache-2.0
// TOML text -> Config, or every mistake in it at once, each with its place.
// Keys, types, defaults and ranges are the table in keys.cc. Threads: any. Nothing is thrown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/file_provider.h"

namespace config {

struct Diagnostic {
  enum class Severity { Error, Warning, Note };
  Severity severity = Severity::Error;
  std::string file;
  unsigned line = 0;    // 1-based; 0: about the whole file
  unsigned column = 0;  // 1-based, in characters
  unsigned length = 0;  // characters to underline
  std::string message;
  std::string hint;  // behind the caret: did you mean "max_message_size"?
};

struct Loaded {
  Config config;  // to be used only when ok()
  std::vector<Diagnostic> diagnostics;
  std::vector<std::string> without_effect;  // keys that the file sets and this version ignores

  bool ok() const;  // no errors
};

Loaded load(const std::string& path, FileProvider& files);

// All diagnostics in the order of the file, in the form
//   FILE:LINE:COLUMN: error: message
//      LINE | the line
//           |   ^^^^ hint
// and a closing count. `text` is the configuration file's content.
std::string render(const std::vector<Diagnostic>& diagnostics, std::string_view text);

}  // namespace config
