// SPDX-License-Identifier: Apache-2.0
// Configurations for tests, and the files they refer to.
#pragma once

#include <chrono>
#include <string>

#include "base/time.h"
#include "config/load.h"
#include "support/memory_files.h"

namespace support {

inline constexpr char kConfigPath[] = "/etc/postern/postern.conf";

// What has to be set, each on a line of its own; a test puts its own lines behind it.
inline constexpr char kMinimalConfig[] =
    "config_version = 1\n"                   // 1
    "hostname = 'mx.example.org'\n"          // 2
    "[[listener]]\n"                         // 3
    "address = '127.0.0.1:2525'\n"           // 4
    "[[tls.certificate]]\n"                  // 5
    "chain = 'tls/fullchain.pem'\n"          // 6
    "key = 'tls/privkey.pem'\n"              // 7
    "[[domain]]\n"                           // 8
    "name = 'example.org'\n"                 // 9
    "mailboxes = ['postmaster', 'info']\n";  // 10

inline MemoryFiles config_files(const std::string& text) {
  MemoryFiles files;
  files.add(kConfigPath, text)
      .add("/etc/postern/tls/fullchain.pem", "the chain")
      .add("/etc/postern/tls/privkey.pem", "the key");
  return files;
}

// The day on which tests load a configuration, whenever they run: 2026-11-22.
inline constexpr base::WallTime kToday = base::WallTime() + std::chrono::days(20779);

inline config::Loaded load_text(const std::string& text, base::WallTime now = kToday) {
  MemoryFiles files = config_files(text);
  return config::load(kConfigPath, files, now);
}

// What `postern check` would print.
inline std::string errors_of(const std::string& text, base::WallTime now = kToday) {
  return config::render(load_text(text, now).diagnostics);
}

}  // namespace support
