// SPDX-License-Identifier: Apache-2.0
// posternd: reads the configuration, opens everything that can fail to open, starts the roles and
// watches over them. It reads nothing that a stranger sent.
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>

#include "config/load.h"
#include "daemon/common/environment.h"
#include "daemon/common/exit_code.h"
#include "daemon/common/journal.h"
#include "daemon/common/passed_sockets.h"
#include "daemon/common/role_process.h"
#include "daemon/common/standard_descriptors.h"
#include "daemon/supervisor/control_socket.h"
#include "daemon/supervisor/options.h"
#include "daemon/supervisor/role_table.h"
#include "daemon/supervisor/server.h"
#include "net/proxy_intake.h"
#include "net/root_files.h"
#include "obs/log.h"
#include "sandbox/privileges.h"
#include "sandbox/process.h"
#include "spool/spool_lock.h"
#include "spool/spool_root.h"

namespace {

using common::Failure;

int fail(const std::vector<Failure>& failures) {
  for (const Failure& failure : failures)
    obs::Line(obs::Event::fatal).text("reason", failure.reason).write();
  return failures.front().exit_code;
}

int fail(int exit_code, const base::Error& error) { return fail({{exit_code, error.reason}}); }

// Descriptors for every connection the configuration allows; the roles inherit the hard limit and
// raise their own soft one.
void check_descriptor_limit(const config::Config& config) {
  // Socket, message, its header for the verifiers, and the file that deliver collects it in.
  constexpr std::size_t kPerConnection = 4;
  constexpr std::size_t kOthers = 100;
  const bool proxies = std::ranges::any_of(config.listeners, [](const config::Listener& listener) {
    return !listener.proxy_protocol_from.empty();
  });
  // Who has not told its client yet is not among the connections that are counted.
  const std::size_t waiting = proxies ? net::ProxyLimits{}.waiting : 0;
  const std::size_t wanted = config.limits.total_connections * kPerConnection + waiting + kOthers;
  const auto limit = sandbox::raise_descriptor_limit();
  if (!limit || *limit >= wanted) return;
  obs::log_trouble("limits",
                   "only " + std::to_string(*limit) + " descriptors may be open, but " +
                       std::to_string(wanted) +
                       " are needed for limits.total_connections; raise LimitNOFILE= or lower it");
}

base::Result<std::map<ipc::Role, base::UniqueFd>> open_programs() {
  std::map<ipc::Role, base::UniqueFd> programs;
  for (const supervisor::RoleRow& row : supervisor::kRoles) {
    auto program = common::open_program(row.role);
    if (!program) return program.error();
    programs[row.role] = std::move(*program);
  }
  return programs;
}

int start(const std::string& path, config::Config config,
          std::vector<common::PassedSocket> passed) {
  obs::configure(config.log);
  auto user = sandbox::account_to_become(config.workers.user);
  if (!user) return fail(common::kExitConfig, user.error());
  const auto tls = common::prepare_tls(config);
  if (!tls.failures.empty()) return fail(tls.failures);
  if (const auto files = net::check_root_files(config.dns); !files)
    return fail(common::kExitConfig, files.error());
  const spool::RootDirectory spool = spool::root_directory(config.spool);
  auto root = spool::open_root(spool, config.workers.user);
  if (!root) return fail(common::kExitCannotCreate, root.error());
  // Told here, where names of users can still be looked up; deliver tries it in earnest.
  if (const auto writable = spool::check_root(spool, config.workers.user); !writable)
    return fail(common::kExitCannotCreate, writable.error());
  // What only one server may have, before anybody could connect to the second.
  const auto lock = spool::lock_root(root->get(), spool);
  if (!lock) return fail(common::kExitCannotCreate, lock.error());
  auto state = common::prepare_state(config);
  if (!state.failures.empty()) return fail(state.failures);
  auto control = supervisor::open_control_socket(config.control.socket, *user);
  if (!control) return fail(common::kExitCannotCreate, control.error());
  auto listeners = common::prepare_listeners(config, std::move(passed));
  if (!listeners.failures.empty()) return fail(listeners.failures);
  auto programs = open_programs();
  if (!programs) return fail(common::kExitOsError, programs.error());

  for (const std::string& warning : tls.value->warnings(config.hostname, base::wall_now()))
    obs::log_trouble("tls", warning);
  if (!state.value.warning.empty()) obs::log_trouble("state", state.value.warning);
  check_descriptor_limit(config);
  supervisor::Server server(path, std::move(config),
                            {std::move(listeners.value), std::move(*root),
                             std::move(state.value.root), std::move(*programs), std::move(*user)},
                            std::move(*control));
  return server.run();
}

int check(const config::Config& config) {
  int exit_code = common::kExitOk;
  for (const common::Finding& finding : common::check_environment(config, true)) {
    std::fprintf(stderr, "%s: %s\n", finding.is_error ? "error" : "warning", finding.text.c_str());
    if (finding.is_error) exit_code = common::kExitConfig;
  }
  return exit_code;
}

// Notes are for `postern check`; a log should say what needs attention.
std::vector<config::Diagnostic> without_notes(std::vector<config::Diagnostic> diagnostics) {
  std::erase_if(diagnostics, [](const config::Diagnostic& diagnostic) {
    return diagnostic.severity == config::Diagnostic::Severity::Note;
  });
  return diagnostics;
}

int run(int argc, char** argv) {
  auto parsed = supervisor::parse_options(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  auto passed = common::take_passed_sockets();
  common::open_standard_descriptors();
  // A log reader that closes its end is no reason to die.
  std::signal(SIGPIPE, SIG_IGN);
  // It holds the private key.
  if (const auto forbidden = sandbox::forbid_dumps(); !forbidden)
    return fail(common::kExitOsError, forbidden.error());
  common::connect_journal();
  if (!passed) return fail(common::kExitConfig, passed.error());

  config::DiskFiles files;
  config::Loaded loaded = config::load(parsed.options.config_file, files);
  std::fputs(config::render(without_notes(loaded.diagnostics)).c_str(), stderr);
  if (!loaded.ok()) return common::load_failure_code(loaded);
  if (parsed.options.check_only) return check(loaded.config);
  return start(parsed.options.config_file, std::move(loaded.config), std::move(*passed));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "posternd: %s\n", error.what());
    return common::kExitSoftware;
  }
}
