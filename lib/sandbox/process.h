// SPDX-License-Identifier: Apache-2.0
// What a process says about itself to the kernel when it starts.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace sandbox {

// No core file, and no other process of the same user can trace this one or look into its memory or
// descriptors: mail and keys are there. Call after the user has changed; execve undoes half of it.
// Does nothing in a build with sanitizers.
base::Status forbid_dumps();

// As many open descriptors as the hard limit allows; how many that is.
base::Result<std::uint64_t> raise_descriptor_limit();

// Memory beyond this is refused, which ends a role with exit code 70. For good. Does nothing in a
// build with sanitizers, which reserve more than any machine has.
base::Status limit_address_space(std::uint64_t bytes);

// The kernel kills this process (SIGKILL) when the thread that forked it ends. A change of the user
// undoes it: call after that. A parent that had gone before is not noticed; the end of its channel
// is.
void die_with_parent();

}  // namespace sandbox
