// SPDX-License-Identifier: Apache-2.0
// Waiting for the other side of a channel, where there is no event loop (yet).
#pragma once

#include <optional>

#include "base/result.h"
#include "base/time.h"
#include "ipc/channel.h"

namespace common {

// The next message; what waits to be sent goes out meanwhile. An error is final: EPIPE when the
// other process has ended, ETIMEDOUT at the deadline, if there is one.
base::Result<ipc::Message> await_message(ipc::Channel& channel,
                                         std::optional<base::Instant> deadline = std::nullopt);

}  // namespace common
