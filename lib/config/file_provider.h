// SPDX-License-Identifier: Apache-2.0
// The one way to read the configuration file and what it refers to (mailbox tables, certificate
// chains, keys), so that only one process ever opens them and tests need no disk.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "base/result.h"

namespace config {

struct FileContent {
  std::string bytes;
  mode_t mode = 0;  // permission bits
  uid_t owner = 0;
};

class FileProvider {
 public:
  static constexpr std::size_t kMaxFileSize = 16u << 20;  // bytes; a mailbox table of 500,000 lines

  virtual ~FileProvider() = default;
  // The error's reason names the path, the user that tried and, where it helps, the file's mode.
  virtual base::Result<FileContent> read(const std::string& path) = 0;
};

class DiskFiles : public FileProvider {
 public:
  base::Result<FileContent> read(const std::string& path) override;
};

// Permission bits as chmod(1) takes them: "0640".
std::string octal(mode_t mode);

}  // namespace config
