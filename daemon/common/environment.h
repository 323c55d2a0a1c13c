// SPDX-License-Identifier: Apache-2.0
// What a valid configuration needs from this machine: certificates that work, ports that are free,
// a spool we may write to. Used to start the server, and by `postern check` without starting
// anything.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "config/config.h"
#include "config/load.h"
#include "net/tls_context.h"
#include "policy/recipients.h"
#include "spool/delivery.h"

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

// One listening socket per configured listener, in their order. All or none: they close again when
// one of them fails. A busy port is reported with the process that holds it.
Prepared<std::vector<base::UniqueFd>> prepare_listeners(const config::Config& config);

struct Finding {
  bool is_error = false;
  std::string text;
};

// Everything that would stop the server, and what an administrator should look at. `offline`:
// leaves out what depends on what else runs now (ports).
std::vector<Finding> check_environment(const config::Config& config, bool offline);

// The mailboxes that need a Maildir.
std::vector<spool::Mailbox> spool_mailboxes(const policy::Recipients& recipients);

}  // namespace common
