// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/environment.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>

#include "daemon/common/exit_code.h"
#include "daemon/common/port_holder.h"
#include "net/listener.h"
#include "net/root_files.h"
#include "spool/spool_lock.h"
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

void check_dns(const config::Config& config, std::vector<Finding>& findings) {
  if (const auto files = net::check_root_files(config.dns); !files)
    findings.push_back({true, files.error().reason});
}

void check_tls(const config::Config& config, std::vector<Finding>& findings) {
  const auto tls = prepare_tls(config);
  for (const Failure& failure : tls.failures) findings.push_back({true, failure.reason});
  if (!tls.failures.empty()) return;
  for (const std::string& warning : tls.value->warnings(config.hostname, base::wall_now()))
    findings.push_back({false, warning});
}

// Sockets that systemd will pass cannot be looked at from here.
config::Config own_listeners_only(config::Config config) {
  std::erase_if(config.listeners,
                [](const config::Listener& listener) { return !listener.systemd_name.empty(); });
  return config;
}

void check_ports(const config::Config& config, std::vector<Finding>& findings) {
  for (const Failure& failure : prepare_listeners(own_listeners_only(config), {}).failures) {
    // The running server itself is the usual holder.
    const bool ours = failure.reason.find("held by posternd ") != std::string::npos;
    findings.push_back({!ours, failure.reason});
  }
}

// Moves the sockets of one name out of `passed`; how many there were.
std::size_t take_named(std::vector<PassedSocket>& passed, const std::string& name,
                       std::size_t listener, std::vector<BoundListener>& bound) {
  const std::size_t before = bound.size();
  for (PassedSocket& socket : passed)
    if (socket.name == name) bound.push_back({std::move(socket.fd), listener});
  std::erase_if(passed, [](const PassedSocket& socket) { return !socket.fd; });
  return bound.size() - before;
}

void check_spool(const config::Config& config, std::vector<Finding>& findings) {
  const auto status = spool::check_root(spool::root_directory(config.spool), config.workers.user);
  if (!status) findings.push_back({true, status.error().reason});
}

spool::RootDirectory state_directory(const config::Config& config) {
  return {"state", config.state.directory};
}

bool is_default(const config::State& state) { return state.directory == config::State{}.directory; }

std::string not_kept(const base::Error& error) {
  return error.reason + "; until then bans do not survive a restart";
}

// A start makes one that is missing.
bool can_be_made(const std::string& directory) {
  struct stat status {};
  if (::lstat(directory.c_str(), &status) == 0 || errno != ENOENT) return false;
  const std::string parent = std::filesystem::path(directory).parent_path();
  return ::access(parent.c_str(), W_OK | X_OK) == 0;
}

void check_state(const config::Config& config, std::vector<Finding>& findings) {
  if (can_be_made(config.state.directory)) return;
  const auto status = spool::check_root(state_directory(config), config.workers.user);
  if (status) return;
  const bool is_error = !is_default(config.state);
  findings.push_back({is_error, is_error ? status.error().reason : not_kept(status.error())});
}

base::Result<StateDirectory> open_state(const config::Config& config) {
  const spool::RootDirectory directory = state_directory(config);
  if (auto made = spool::make_root(directory, config.workers.user); !made) return made.error();
  if (auto usable = spool::check_root(directory, config.workers.user); !usable)
    return usable.error();
  auto root = spool::open_root(directory, config.workers.user);
  if (!root) return root.error();
  auto lock = spool::lock_root(root->get(), directory);
  if (!lock) return lock.error();
  return StateDirectory{std::move(*root), std::move(*lock), ""};
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

Prepared<std::vector<BoundListener>> prepare_listeners(const config::Config& config,
                                                       std::vector<PassedSocket> passed) {
  Prepared<std::vector<BoundListener>> prepared;
  const auto fail = [&](Failure failure) { prepared.failures.push_back(std::move(failure)); };
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const config::Listener& listener = config.listeners[i];
    if (!listener.systemd_name.empty()) {
      if (take_named(passed, listener.systemd_name, i, prepared.value) == 0)
        fail({kExitConfig, "listener " + listener.address +
                               ": no socket of that name was passed; " +
                               "see FileDescriptorName= in postern.socket"});
      continue;
    }
    auto socket = net::open_listener(listener.endpoint);
    if (socket)
      prepared.value.push_back({std::move(*socket), i});
    else
      fail(listen_failure(listener.endpoint, socket.error()));
  }
  for (const PassedSocket& socket : passed)
    fail({kExitConfig, "a socket named " + socket.name + " was passed, but no listener has the " +
                           "address systemd:" + socket.name});
  if (!prepared.failures.empty()) prepared.value.clear();
  return prepared;
}

Prepared<StateDirectory> prepare_state(const config::Config& config) {
  auto state = open_state(config);
  if (state) return {std::move(*state), {}};
  if (is_default(config.state)) return {{{}, {}, not_kept(state.error())}, {}};
  return {{}, {{kExitCannotCreate, state.error().reason}}};
}

std::vector<Finding> check_environment(const config::Config& config, bool offline) {
  std::vector<Finding> findings;
  check_tls(config, findings);
  check_dns(config, findings);
  check_spool(config, findings);
  check_state(config, findings);
  if (!offline) check_ports(config, findings);
  return findings;
}

}  // namespace common
