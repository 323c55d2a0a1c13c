// SPDX-License-Identifier: Apache-2.0
#include "net/root_files.h"

#include <unistd.h>

#include <cerrno>
#include <string>

namespace net {
namespace {

base::Status check_readable(const char* path) {
  if (::access(path, R_OK) == 0) return base::ok();
  return base::Error::system(
      std::string("dns: full recursion needs ") + path + " of the package dns-root-data", errno);
}

}  // namespace

base::Status check_root_files(const ResolverSettings& settings) {
  if (!settings.servers.empty()) return base::ok();
  if (auto hints = check_readable(kRootHints); !hints || !settings.dnssec) return hints;
  return check_readable(kRootKey);
}

}  // namespace net
