// SPDX-License-Identifier: Apache-2.0
// posternd: reads the configuration, prepares everything that can fail, gives up its privileges,
// and serves. Nothing is started before everything is ready.
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <thread>

#include "config/load.h"
#include "daemon/common/environment.h"
#include "daemon/common/exit_code.h"
#include "daemon/common/standard_descriptors.h"
#include "daemon/deliver/janitor.h"
#include "daemon/smtp/service.h"
#include "daemon/supervisor/options.h"
#include "obs/log.h"
#include "sandbox/privileges.h"
#include "spool/spool_root.h"

namespace {

using common::Failure;

// For all messages that are coming in at one moment; a session over it gets 452 4.3.1.
constexpr std::uint64_t kBufferBudget = std::uint64_t{1} << 30;  // bytes

int fail(const std::vector<Failure>& failures) {
  for (const Failure& failure : failures)
    obs::Line(obs::Event::fatal).text("reason", failure.reason).write();
  return failures.front().exit_code;
}

int fail(int exit_code, const base::Error& error) { return fail({{exit_code, error.reason}}); }

unsigned thread_count(const config::Workers& workers) {
  if (workers.smtp_threads > 0) return workers.smtp_threads;
  return std::max(1u, std::thread::hardware_concurrency());
}

std::vector<smtp_role::Socket> sockets_with_settings(const config::Config& config,
                                                     std::vector<base::UniqueFd> fds) {
  std::vector<smtp_role::Socket> sockets;
  for (std::size_t i = 0; i < fds.size(); ++i) {
    const config::Listener& listener = config.listeners[i];
    sockets.push_back(
        {std::move(fds[i]), listener.access, listener.tls == config::ListenerTls::Implicit});
  }
  return sockets;
}

void serve(const config::Config& config, const std::shared_ptr<const net::TlsContext>& tls,
           const policy::Recipients& recipients, std::vector<base::UniqueFd> listeners,
           spool::Spool& spool) {
  policy::Connections connections(config.limits);
  smtp_role::BufferBudget buffers(kBufferBudget);
  const auto mailboxes = common::spool_mailboxes(recipients);
  const deliver_role::Janitor janitor(spool, mailboxes);
  auto writers = std::make_unique<spool::Writers>(spool, config.spool.writers);
  const smtp_role::Services services{
      config.hostname, config.smtp, config.spool.min_free, tls, recipients, connections,
      *writers,        buffers};
  smtp_role::Service service(services, sockets_with_settings(config, std::move(listeners)),
                             thread_count(config.workers), config.shutdown_grace);
  service.run();
  // Before the shards, to whose loops the last deliveries still report.
  writers.reset();
}

// Descriptors for every connection the configuration allows, and for the deliveries. The soft limit
// is only a courtesy to programs that use select().
void raise_descriptor_limit(const config::Config& config) {
  constexpr std::size_t kPerCopy = 2;  // a delivery holds its directories open
  constexpr std::size_t kOthers = 100;
  const std::size_t wanted = config.limits.total_connections * 2 +  // socket and message
                             config.spool.writers * config.smtp.max_recipients * kPerCopy + kOthers;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max >= wanted) return;
  obs::Line(obs::Event::trouble)
      .token("area", "limits")
      .text("reason",
            "only " + std::to_string(limit.rlim_max) + " descriptors may be open, but " +
                std::to_string(wanted) +
                " are needed for limits.total_connections; raise LimitNOFILE= or lower it")
      .write();
}

int start(const config::Config& config) {
  if (const auto user = sandbox::check_user(config.workers.user); !user)
    return fail(common::kExitConfig, user.error());
  auto tls = common::prepare_tls(config);
  if (!tls.failures.empty()) return fail(tls.failures);
  auto listeners = common::prepare_listeners(config);
  if (!listeners.failures.empty()) return fail(listeners.failures);
  auto root = spool::open_root(config.spool, config.workers.user);
  if (!root) return fail(common::kExitCannotCreate, root.error());
  if (const auto user = sandbox::become_user(config.workers.user); !user)
    return fail(common::kExitConfig, user.error());
  if (const auto dropped = sandbox::drop_capabilities(); !dropped)
    return fail(common::kExitOsError, dropped.error());
  const policy::Recipients recipients(config.domains);
  auto spool =
      spool::Spool::open(config.spool, std::move(*root), common::spool_mailboxes(recipients));
  if (!spool) return fail(common::kExitCannotCreate, spool.error());

  obs::start(config.log);
  raise_descriptor_limit(config);
  for (const std::string& warning : tls.value->warnings(config.hostname, base::wall_now()))
    obs::Line(obs::Event::trouble).token("area", "tls").text("reason", warning).write();
  obs::Line(obs::Event::start)
      .token("version", POSTERN_VERSION)
      .number("pid", getpid())
      .token("hostname", config.hostname)
      .write();
  serve(config, tls.value, recipients, std::move(listeners.value), *spool);
  obs::stop();
  return common::kExitOk;
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

}  // namespace

int main(int argc, char** argv) {
  const auto parsed = supervisor::parse_options(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  common::open_standard_descriptors();
  // A peer or a log reader that closes its end is no reason to die, a file-size limit is an error
  // like a full disk, and there is no reload yet that a hang-up could ask for.
  for (const int number : {SIGPIPE, SIGXFSZ, SIGHUP}) std::signal(number, SIG_IGN);

  config::DiskFiles files;
  const config::Loaded loaded = config::load(parsed.options.config_file, files);
  std::fputs(config::render(without_notes(loaded.diagnostics)).c_str(), stderr);
  if (!loaded.ok()) return common::load_failure_code(loaded);
  return parsed.options.check_only ? check(loaded.config) : start(loaded.config);
}
