// SPDX-License-Identifier: Apache-2.0
// Giving up what the process no longer needs. Call before the first thread is started.
#pragma once

#include <optional>
#include <string>

#include "base/account.h"
#include "base/result.h"

namespace sandbox {

// Who a process that runs as root becomes; nobody where it does not run as root. An error: `user`
// is unknown, or root.
base::Result<std::optional<base::Account>> account_to_become(const std::string& user);

// For good, with the account's own group and no others.
base::Status become_user(const base::Account& account);

// Behind the next execve no capability is left in the permitted, effective and ambient sets, and
// none can come back (no_new_privs). Where the process runs as root, none is left at once.
base::Status drop_capabilities();

}  // namespace sandbox
