// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/settings_of_roles.h"

#include <unistd.h>

#include <algorithm>

#include "base/processors.h"
#include "policy/recipients.h"

namespace common {
namespace {

// The verifiers, the kernel and others need some too.
std::uint64_t half_of_the_machine() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 2;
}

}  // namespace

SmtpRoleSettings smtp_settings(const config::Config& config,
                               const std::vector<std::size_t>& sockets) {
  SmtpRoleSettings settings{config.hostname,       config.smtp, config.tls,         config.domains,
                            config.limits,         config.auth, config.auth_policy, {},
                            config.spool.min_free, 1,           config.log};
  // The reply at the end of the data is one for all recipients; EHLO tells clients (RFC 9422).
  if (config.limits.hide_unknown_until_data) settings.smtp.max_recipients = 1;
  settings.limits.total_memory = std::min(settings.limits.total_memory, half_of_the_machine());
  for (const std::size_t index : sockets) {
    const config::Listener& listener = config.listeners.at(index);
    settings.listeners.push_back({listener.access, listener.limits,
                                  listener.tls == config::ListenerTls::Implicit,
                                  listener.proxy_protocol_from});
  }
  settings.threads =
      config.workers.smtp_threads > 0 ? config.workers.smtp_threads : base::usable_processors();
  return settings;
}

DeliverRoleSettings deliver_settings(const config::Config& config) {
  DeliverRoleSettings settings{config.spool, {}, config.auth_policy.quarantine_folder, config.log};
  for (const auto& mailbox : policy::Recipients(config.domains).all_mailboxes())
    settings.mailboxes.push_back({mailbox.domain, mailbox.mailbox, {}});
  return settings;
}

ResolveRoleSettings resolve_settings(const config::Config& config) {
  return {config.dns, config.log};
}

}  // namespace common
