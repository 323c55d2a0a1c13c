// SPDX-License-Identifier: Apache-2.0
#include "base/spare_descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace base {

bool leaves_spare_descriptors(int fd) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return true;
  const rlim_t spare = std::min<rlim_t>(kSpareDescriptors, limit.rlim_cur / 4);
  return static_cast<rlim_t>(fd) < limit.rlim_cur - spare;
}

}  // namespace base
