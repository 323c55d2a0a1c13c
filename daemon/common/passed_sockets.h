// SPDX-License-Identifier: Apache-2.0
// Sockets that the service manager passes, sd_listen_fds(3), by hand: descriptors from 3 on,
// counted by LISTEN_FDS for the process LISTEN_PID, named by LISTEN_FDNAMES.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace common {

struct PassedSocket {
  std::string name;  // FileDescriptorName=; "unknown" when none was given
  base::UniqueFd fd;
};

// Takes them over, once, and removes the variables. None when there is no service manager. An
// error: something was passed that is no listening TCP socket.
base::Result<std::vector<PassedSocket>> take_passed_sockets();

}  // namespace common
