// SPDX-License-Identifier: Apache-2.0
#include "daemon/supervisor/reload_rules.h"

namespace supervisor {
namespace {

bool same_listeners(const config::Config& before, const config::Config& after) {
  if (before.listeners.size() != after.listeners.size()) return false;
  for (std::size_t i = 0; i < before.listeners.size(); ++i) {
    const config::Listener& a = before.listeners[i];
    const config::Listener& b = after.listeners[i];
    if (a.address != b.address || a.tls != b.tls || a.access.allow != b.access.allow ||
        a.access.deny != b.access.deny || a.limits != b.limits ||
        a.proxy_protocol_from != b.proxy_protocol_from)
      return false;
  }
  return true;
}

struct Rule {
  const char* key;
  bool (*same)(const config::Config&, const config::Config&);
};

template <auto Section, auto Member>
bool same(const config::Config& before, const config::Config& after) {
  return before.*Section.*Member == after.*Section.*Member;
}

using config::Config;
constexpr Rule kRules[] = {
    {"listener", &same_listeners},
    {"spool.directory", &same<&Config::spool, &spool::Settings::directory>},
    {"state.directory", &same<&Config::state, &config::State::directory>},
    {"control.socket", &same<&Config::control, &config::Control::socket>},
    {"workers.smtp_threads", &same<&Config::workers, &config::Workers::smtp_threads>},
    {"workers.verifiers", &same<&Config::workers, &config::Workers::verifiers>},
    {"workers.user", &same<&Config::workers, &config::Workers::user>},
    {"workers.ping_timeout", &same<&Config::workers, &config::Workers::ping_timeout>},
};

}  // namespace

std::string fixed_keys_changed(const config::Config& before, const config::Config& after) {
  std::string keys;
  for (const Rule& rule : kRules)
    if (!rule.same(before, after)) keys += (keys.empty() ? "" : ", ") + std::string(rule.key);
  return keys;
}

bool needs_new_process(ipc::Role role, const config::Config& before, const config::Config& after) {
  return role == ipc::Role::Resolve && before.dns != after.dns;
}

}  // namespace supervisor
