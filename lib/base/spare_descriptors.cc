// SPDX-License-Identifier: Apache-2.0
#include "base/spare_descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace base {

std::uint64_t descriptor_limit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

bool leaves_spare_descriptors(int fd) {
  const std::uint64_t limit = descriptor_limit();
  const std::uint64_t spare = std::min<std::uint64_t>(kSpareDescriptors, limit / 4);
  return static_cast<std::uint64_t>(fd) < limit - spare;
}

}  // namespace base
