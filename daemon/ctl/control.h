// SPDX-License-Identifier: Apache-2.0
// The commands of daemon/common/control_commands.def: one request to the running server, over its
// control socket.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/load.h"

namespace ctl {

struct ControlCommand {
  const char* name;
  const char* help;
};

// Those of daemon/common/control_commands.def, in its order.
const std::vector<ControlCommand>& control_commands();

struct ControlOptions {
  std::string command;
  std::map<std::string, std::string> arguments;  // of the command; an empty one is none
  std::string file = config::kDefaultPath;       // names the socket, by control.socket
  std::string socket;                            // "": that of the file
  bool json = false;
};

// The exit code: 69 no server answers, 77 we may not ask it, 1 it could not do it. The answer goes
// to standard output, errors to standard error. No byte of it can steer a terminal.
int control(const ControlOptions& options);

}  // namespace ctl
