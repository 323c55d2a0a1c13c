// SPDX-License-Identifier: Apache-2.0
// TOML text -> Config, or every mistake in it at once, each with its place.
// Keys, types, defaults and ranges are the table in keys.cc. Threads: any. Nothing is thrown.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/config.h"
#include "config/diagnostic.h"
#include "config/file_provider.h"

namespace config {

inline constexpr char kDefaultPath[] = "/etc/postern/postern.conf";
// Bytes. The TOML parser recurses once for each dot of a key, so a line bounds its stack.
inline constexpr std::size_t kMaxLine = 16u << 10;
inline constexpr std::size_t kMaxElements = 10000;   // of an array such as [[domain]]
inline constexpr std::size_t kMaxDiagnostics = 100;  // beyond it they are only counted

struct Loaded {
  Config config;                            // to be used only when ok()
  std::vector<Diagnostic> diagnostics;      // in the order of the file
  std::vector<std::string> without_effect;  // keys that the file sets and this version ignores
  int file_error = 0;                       // errno when the file itself could not be read

  bool ok() const;  // no errors
};

// Reads the file and everything it refers to. Relative paths are relative to the file's directory.
// What ends soon after `now`, or has ended, is a warning.
Loaded load(const std::string& path, FileProvider& files, base::WallTime now = base::wall_now());

}  // namespace config
