// SPDX-License-Identifier: Apache-2.0
// Everything the configuration file says that has an effect, as the settings of the modules.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "auth/settings.h"
#include "base/ip_address.h"
#include "net/settings.h"
#include "obs/settings.h"
#include "policy/settings.h"
#include "smtp/settings.h"
#include "spool/settings.h"

namespace config {

enum class ListenerTls { StartTls, Implicit };

struct Listener {
  std::string address;       // as written: "0.0.0.0:25" or "systemd:NAME"
  base::Endpoint endpoint;   // unused for systemd listeners
  std::string systemd_name;  // empty unless "systemd:NAME"
  ListenerTls tls = ListenerTls::StartTls;
  policy::ListenerAccess access;
  policy::ListenerLimits limits;
  std::vector<base::Network> proxy_protocol_from;  // our own proxies
};

struct Workers {
  unsigned smtp_threads = 0;  // 0: one per core
  unsigned verifiers = 0;     // 0: one per core
  std::string user = "postern";
  std::chrono::milliseconds ping_timeout{std::chrono::seconds(10)};
};

struct Control {
  std::string socket = "/run/postern/control.sock";
};

struct State {
  std::string directory = "/var/lib/postern/state";
};

struct Config {
  std::string hostname;
  std::vector<Listener> listeners;
  net::TlsSettings tls;
  std::vector<policy::Domain> domains;
  spool::Settings spool;
  smtp::Settings smtp;
  std::chrono::milliseconds shutdown_grace{std::chrono::seconds(30)};
  policy::LimitSettings limits;
  auth::Settings auth;
  policy::AuthSettings auth_policy;
  net::ResolverSettings dns;  // the servers of the system are among them by now
  obs::Settings log;
  Control control;
  State state;
  Workers workers;
};

}  // namespace config
