// SPDX-License-Identifier: Apache-2.0
// Memory with a descriptor, which another process can be given: memfd_create(2).
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace base {

// Linux 6.3; not in the headers of Debian 12. The kernel refuses it before.
inline constexpr unsigned kMfdNoexecSeal = 0x8;

// Empty; can be sealed, and where the kernel knows that, nobody can ever execute it, for which
// Linux 6.3 to 6.5 with the sysctl vm.memfd_noexec=2 want to be asked. Any thread.
Result<UniqueFd> memory_file(const char* name);

}  // namespace base
