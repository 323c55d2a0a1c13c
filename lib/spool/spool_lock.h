// SPDX-License-Identifier: Apache-2.0
// One server for one spool, and for one state directory.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"
#include "spool/spool_root.h"

namespace spool {

// Locks the opened directory until the descriptor is closed or the process ends; children that are
// executed do not hold it. The error names the process that has it, where /proc tells.
base::Result<base::UniqueFd> lock_root(int root_fd, const RootDirectory& directory);

}  // namespace spool
