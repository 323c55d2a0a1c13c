// SPDX-License-Identifier: Apache-2.0
// What the supervisor tells each role of the configuration: only what it needs, packed into a
// sealed memfd. No role reads a file for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "auth/settings.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "net/settings.h"
#include "obs/settings.h"
#include "policy/settings.h"
#include "smtp/settings.h"
#include "spool/delivery.h"
#include "spool/settings.h"

namespace common {

struct SmtpRoleSettings {
  struct Listener {
    policy::ListenerAccess access;
    policy::ListenerLimits limits;
    bool implicit_tls = false;
    std::vector<base::Network> proxy_protocol_from;
  };
  std::string hostname;
  smtp::Settings smtp;
  net::TlsSettings tls;
  std::vector<policy::Domain> domains;
  policy::LimitSettings limits;
  auth::Settings auth;
  policy::AuthSettings auth_policy;
  std::vector<Listener> listeners;
  std::uint64_t min_free_bytes = 0;
  std::uint32_t threads = 1;
  obs::Settings log;
};

struct DeliverRoleSettings {
  spool::Settings spool;
  std::vector<spool::Mailbox> mailboxes;
  std::string quarantine_folder;  // of each; made with the first mail for it
  obs::Settings log;
};

struct ResolveRoleSettings {
  net::ResolverSettings resolver;
  obs::Settings log;
};

// `Settings`: one of the above, or obs::Settings for a role that needs nothing else.
template <class Settings>
base::Result<base::UniqueFd> seal_settings(const Settings& settings);
template <class Settings>
base::Result<Settings> open_settings(const base::UniqueFd& fd);

}  // namespace common
