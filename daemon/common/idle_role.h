// SPDX-License-Identifier: Apache-2.0
// A role whose work is built in a later step: confined, answers the supervisor, does nothing.
#pragma once

#include "ipc/messages.h"

namespace common {

int run_idle_role(ipc::Role role);

}  // namespace common
