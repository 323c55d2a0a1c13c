// SPDX-License-Identifier: Apache-2.0
// Who holds a TCP port that we want: for the message that a busy port gets.
#pragma once

#include <optional>
#include <string>

#include "base/ip_address.h"

namespace common {

// "master (pid 812)", a process that listens where `endpoint` would clash; nothing when none is
// found, or /proc does not show it to us.
std::optional<std::string> find_port_holder(const base::Endpoint& endpoint);

}  // namespace common
