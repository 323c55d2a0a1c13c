// SPDX-License-Identifier: Apache-2.0
// What a valid configuration needs from this machine: certificates that work, ports that are free,
// directories we may write to. Used to start the server, and by `postern check` without starting
// anything.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "config/config.h"
#include "config/load.h"
#include "daemon/common/passed_sockets.h"
#include "net/tls_context.h"

namespace common {

// How a program ends that could not load its configuration.
int load_failure_code(const config::Loaded& loaded);

// What stopped a start, with the exit code that says so to the service manager.
struct Failure {
  int exit_code = 0;
  std::string reason;
};

template <class T>
struct Prepared {
  T value{};
  std::vector<Failure> failures;  // none: the value is good
};

Prepared<std::shared_ptr<const net::TlsContext>> prepare_tls(const config::Config& config);

// A listening socket and the listener of the configuration that it is for: several sockets may be
// passed under the name of one listener.
struct BoundListener {
  base::UniqueFd fd;
  std::size_t listener = 0;  // index in config.listeners
};

// All or none: they close again when one of them fails. A busy port is reported with the process
// that holds it; every listener that names passed sockets must find some, and every one passed a
// listener.
Prepared<std::vector<BoundListener>> prepare_listeners(const config::Config& config,
                                                       std::vector<PassedSocket> passed);

// The directory of what survives a restart.
struct StateDirectory {
  base::UniqueFd root;  // none: nothing is kept
  base::UniqueFd lock;
  std::string warning;  // why there is none
};

// Opened and locked; made where only its parent is there. That the default directory cannot be used
// is no failure, as on a machine where nobody has installed the server: mail needs none.
Prepared<StateDirectory> prepare_state(const config::Config& config);

struct Finding {
  bool is_error = false;
  std::string text;
};

// Everything that would stop the server, and what an administrator should look at. `offline`:
// leaves out what depends on what else runs now (ports).
std::vector<Finding> check_environment(const config::Config& config, bool offline);

}  // namespace common
