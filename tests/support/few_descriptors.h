// SPDX-License-Identifier: Apache-2.0
// While it lives this process can have one descriptor more, or none. Check nothing meanwhile: UBSan
// looks at an object with two descriptors of its own.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>

#include <stdexcept>

#include "base/unique_fd.h"

namespace support {

class FewDescriptors {
 public:
  explicit FewDescriptors(bool one_more) {
    const base::UniqueFd lowest(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const bool known = ::getrlimit(RLIMIT_NOFILE, &before_) == 0;
    const rlimit few{static_cast<rlim_t>(lowest.get()) + (one_more ? 1 : 0), before_.rlim_max};
    if (!known || ::setrlimit(RLIMIT_NOFILE, &few) != 0) throw std::runtime_error("setrlimit");
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace support
