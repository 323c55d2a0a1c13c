// SPDX-License-Identifier: Apache-2.0
// Giving up what the process no longer needs. Call before the first thread is started.
#pragma once

#include <string>

#include "base/result.h"

namespace sandbox {

// Whether become_user() will find whom it needs; only where the process runs as root.
base::Status check_user(const std::string& user);

// Becomes `user` with its own groups for good; only where the process runs as root. `root` itself,
// and users that do not exist, are refused: the error says so.
base::Status become_user(const std::string& user);

// No capability is left, neither for this process nor for its children, and none can come back by
// execve (no_new_privs).
base::Status drop_capabilities();

}  // namespace sandbox
