// SPDX-License-Identifier: Apache-2.0
#include "sandbox/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <csignal>

#include "base/assert.h"
#include "sandbox/unconfined.h"

namespace sandbox {

base::Status forbid_dumps() {
  if constexpr (kUnconfined) return base::ok();
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return base::Error::system("PR_SET_DUMPABLE", errno);
  // Not dumpable is enough for core files, but not where fs.suid_dumpable is 2.
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return base::Error::system("RLIMIT_CORE", errno);
  return base::ok();
}

base::Result<std::uint64_t> raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return base::Error::system("RLIMIT_NOFILE", errno);
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return base::Error::system("RLIMIT_NOFILE", errno);
  return std::uint64_t{limit.rlim_cur};
}

base::Status limit_address_space(std::uint64_t bytes) {
  if constexpr (kUnconfined) return base::ok();
  const rlimit limit{bytes, bytes};
  if (setrlimit(RLIMIT_AS, &limit) != 0) return base::Error::system("RLIMIT_AS", errno);
  return base::ok();
}

void die_with_parent() {
  // Fails for a signal that does not exist only.
  POSTERN_ASSERT(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0);
}

}  // namespace sandbox
