// SPDX-License-Identifier: Apache-2.0
// The whole of a program that works on jobs of smtp, and reaches nothing.
#pragma once

#include <functional>

#include "daemon/verify/work.h"
#include "ipc/messages.h"

namespace verify_role {

// For main(). `make_work` is called before the process is confined.
int run_program(ipc::Role role, const std::function<base::Result<Work>()>& make_work);

}  // namespace verify_role
