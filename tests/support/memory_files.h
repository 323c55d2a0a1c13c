// SPDX-License-Identifier: Apache-2.0
// Files that exist only in a test.
#pragma once

#include <cerrno>
#include <map>
#include <string>
#include <utility>

#include "config/file_provider.h"

namespace support {

class MemoryFiles : public config::FileProvider {
 public:
  static constexpr mode_t kMode = 0640;

  MemoryFiles& add(const std::string& path, std::string bytes, mode_t mode = kMode) {
    files_[path] = {std::move(bytes), mode, 0};
    return *this;
  }

  base::Result<config::FileContent> read(const std::string& path) override {
    const auto found = files_.find(path);
    if (found == files_.end()) return base::Error::system("cannot read " + path, ENOENT);
    return found->second;
  }

 private:
  std::map<std::string, config::FileContent> files_;
};

}  // namespace support
