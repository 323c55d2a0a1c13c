// SPDX-License-Identifier: Apache-2.0
#include "base/memory_file.h"

#include <sys/mman.h>

#include <atomic>
#include <cerrno>

namespace base {

Result<UniqueFd> memory_file(const char* name) {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  static std::atomic<unsigned> more{kMfdNoexecSeal};
  const unsigned asked = more;
  UniqueFd fd(memfd_create(name, kFlags | asked));
  if (!fd && errno == EINVAL && asked != 0) {
    more = 0;
    fd.reset(memfd_create(name, kFlags));
  }
  if (!fd) return Error::system("memfd_create", errno);
  return fd;
}

}  // namespace base
