// SPDX-License-Identifier: Apache-2.0
// Listening TCP sockets.
#pragma once

#include "base/ip_address.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace net {

inline constexpr int kBacklog = 1024;  // connections the kernel holds for us

// Bound and listening, non-blocking, IPv6 sockets for IPv6 only. The error's reason names address
// and cure where the trouble is a busy port or a missing privilege.
base::Result<base::UniqueFd> open_listener(const base::Endpoint& endpoint);

// The address a socket is bound to (a port 0 has become a real one).
base::Endpoint local_endpoint(int fd);

}  // namespace net
