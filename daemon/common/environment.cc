// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/environment.h"

#include <cerrno>

#include "daemon/common/exit_code.h"
#include "daemon/common/port_holder.h"
#include "net/listener.h"
#include "sandbox/privileges.h"
#include "spool/spool_root.h"

namespace common {
namespace {

Failure listen_failure(const base::Endpoint& endpoint, const base::Error& error) {
  Failure failure{error.system_error == EACCES ? kExitNoPermission : kExitOsError, error.reason};
  if (error.system_error == EADDRINUSE) {
    const auto holder = find_port_holder(endpoint);
    failure.reason +=
        holder ? "; it is held by " + *holder + ": stop that, or take another port"
               : "; find the holder: ss -ltnp 'sport = :" + std::to_string(endpoint.port) + "'";
  }
  return failure;
}

void check_tls(const config::Config& config, std::vector<Finding>& findings) {
  const auto tls = prepare_tls(config);
  for (const Failure& failure : tls.failures) findings.push_back({true, failure.reason});
  if (!tls.failures.empty()) return;
  for (const std::string& warning : tls.value->warnings(config.hostname, base::wall_now()))
    findings.push_back({false, warning});
}

void check_ports(const config::Config& config, std::vector<Finding>& findings) {
  for (const Failure& failure : prepare_listeners(config).failures) {
    // The running server itself is the usual holder.
    const bool ours = failure.reason.find("held by posternd ") != std::string::npos;
    findings.push_back({!ours, failure.reason});
  }
}

void check_spool(const config::Config& config, std::vector<Finding>& findings) {
  if (const auto status = spool::check_root(config.spool, config.workers.user); !status)
    findings.push_back({true, status.error().reason});
}

}  // namespace

int load_failure_code(const config::Loaded& loaded) {
  switch (loaded.file_error) {
    case ENOENT:
    case EISDIR:
      return kExitNoInput;
    case EACCES:
    case EPERM:
      return kExitNoPermission;
    default:
      return kExitConfig;
  }
}

Prepared<std::shared_ptr<const net::TlsContext>> prepare_tls(const config::Config& config) {
  auto context = net::TlsContext::make(config.tls);
  if (!context) return {nullptr, {{kExitConfig, context.error().reason}}};
  return {std::make_shared<const net::TlsContext>(std::move(*context)), {}};
}

Prepared<std::vector<base::UniqueFd>> prepare_listeners(const config::Config& config) {
  Prepared<std::vector<base::UniqueFd>> prepared;
  for (const config::Listener& listener : config.listeners) {
    if (!listener.systemd_name.empty()) {
      prepared.failures.push_back(
          {kExitConfig, "listener \"" + listener.address +
                            "\": sockets passed by systemd are not supported yet; name address and "
                            "port"});
      continue;
    }
    auto socket = net::open_listener(listener.endpoint);
    if (socket)
      prepared.value.push_back(std::move(*socket));
    else
      prepared.failures.push_back(listen_failure(listener.endpoint, socket.error()));
  }
  if (!prepared.failures.empty()) prepared.value.clear();
  return prepared;
}

std::vector<Finding> check_environment(const config::Config& config, bool offline) {
  std::vector<Finding> findings;
  check_tls(config, findings);
  check_spool(config, findings);
  if (!offline) check_ports(config, findings);
  return findings;
}

std::vector<spool::Mailbox> spool_mailboxes(const policy::Recipients& recipients) {
  std::vector<spool::Mailbox> result;
  for (const policy::LocalMailbox& mailbox : recipients.all_mailboxes())
    result.push_back({mailbox.domain, mailbox.mailbox, {}});
  return result;
}

}  // namespace common
