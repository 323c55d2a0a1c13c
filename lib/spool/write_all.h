// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "spool/file_ops.h"

namespace spool {

// Writes until nothing is left: 0, or -errno. A call that takes nothing and reports no error is
// EIO.
int write_all(FileOps& ops, int fd, std::string_view bytes);

}  // namespace spool
