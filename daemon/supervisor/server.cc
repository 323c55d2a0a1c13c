// SPDX-License-Identifier: Apache-2.0
#include "daemon/supervisor/server.h"

#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/load.h"
#include "daemon/common/build_id.h"
#include "daemon/common/environment.h"
#include "daemon/common/exit_code.h"
#include "daemon/common/journal.h"
#include "daemon/common/sd_notify.h"
#include "daemon/supervisor/network_report.h"
#include "daemon/supervisor/reload_rules.h"
#include "net/listener.h"
#include "net/root_files.h"
#include "obs/log.h"

namespace supervisor {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kLookInterval{20};
constexpr std::chrono::minutes kCertificateRetry{2};
constexpr std::chrono::seconds kStatusInterval{5};
constexpr std::chrono::seconds kBusiestPatience{2};  // of a status, with an smtp that is busy
constexpr std::chrono::seconds kStopMargin{10};      // above the grace time

// What changes when somebody writes or replaces the file.
std::string looks_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return "missing";
  return std::to_string(status.st_ino) + "." + std::to_string(status.st_size) + "." +
         std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

std::string monotonic_usec() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::to_string(now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

std::optional<base::Duration> watchdog_interval() {
  const char* usec = std::getenv("WATCHDOG_USEC");
  const char* pid = std::getenv("WATCHDOG_PID");
  if (usec == nullptr || (pid != nullptr && std::to_string(::getpid()) != pid)) return {};
  const long long value = std::strtoll(usec, nullptr, 10);
  if (value <= 0) return {};
  return std::chrono::microseconds(value / 3);
}

std::int64_t seconds(base::Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

std::vector<std::string> describe(const config::Config& config,
                                  const std::vector<common::BoundListener>& sockets) {
  std::vector<std::string> result;
  for (const common::BoundListener& bound : sockets) {
    const bool implicit = config.listeners.at(bound.listener).tls == config::ListenerTls::Implicit;
    result.push_back(net::local_endpoint(bound.fd.get()).to_string() +
                     (implicit ? " implicit" : " starttls"));
  }
  return result;
}

}  // namespace

Server::Server(std::string config_path, config::Config config, Resources resources,
               std::optional<ControlSocket> control)
    : config_path_(std::move(config_path)),
      addresses_(describe(config, resources.listeners)),
      supervisor_(loop_, std::move(config), std::move(resources)),
      tls_(common::prepare_tls(supervisor_.config()).value),
      watchdog_interval_(watchdog_interval()),
      loaded_at_(base::now()) {
  remember_certificates();
  if (control) serve_control(std::move(*control));
}

Server::~Server() = default;

int Server::run() {
  watch_signals();
  supervisor_.start([this] { on_ready(); });
  loop_.run();
  return supervisor_.exit_code();
}

void Server::watch_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_ = base::UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  loop_.watch(signals_.get(), [this] { on_signals(); });
}

void Server::on_signals() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    switch (info.ssi_signo) {
      case SIGCHLD:
        supervisor_.reap();
        break;
      case SIGHUP:
        reload([](const std::string&) {});
        break;
      default:
        stop(info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
    }
  }
}

void Server::stop(const char* reason) {
  const std::chrono::microseconds patience = supervisor_.config().shutdown_grace + kStopMargin;
  common::sd_notify("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(patience.count()));
  supervisor_.stop(reason);
}

void Server::on_ready() {
  ready_ = true;
  obs::Line(obs::Event::start)
      .token("version", common::version())
      .number("pid", ::getpid())
      .token("hostname", supervisor_.config().hostname)
      .write();
  for (const std::string& text : addresses_)
    obs::Line(obs::Event::listen)
        .token("address", text.substr(0, text.find(' ')))
        .token("tls", text.substr(text.find(' ') + 1))
        .write();
  loop_.after(kLookInterval, [this] { look_around(); });
  common::sd_notify("READY=1");
  keep_telling_manager();
}

void Server::serve_control(ControlSocket socket) {
  std::map<std::string, ControlServer::Handler> handlers;
#define POSTERN_CONTROL(name, help)                                                           \
  handlers[#name] = [this](const Arguments& arguments, const ControlServer::Answer& answer) { \
    answer_##name(arguments, answer);                                                         \
  };
#include "daemon/common/control_commands.def"
#undef POSTERN_CONTROL
  control_ = std::make_unique<ControlServer>(loop_, std::move(socket), std::move(handlers));
}

// Of an smtp that hangs nothing is known, and the rest comes all the same.
void Server::answer_status(const Arguments&, const ControlServer::Answer& answer) {
  const auto answered = std::make_shared<bool>(false);
  const auto finish = [this, answer, answered](const json& busiest) {
    if (std::exchange(*answered, true)) return;
    json result = status();
    result["busiest"] = busiest;
    answer(result);
  };
  loop_.after(kBusiestPatience, [finish] { finish(json::array()); });
  supervisor_.ask<ipc::ListBusiest, ipc::Busiest>({}, [finish](const auto& busiest) {
    finish(busiest ? to_json(busiest->networks) : json::array());
  });
}

void Server::answer_ps(const Arguments&, const ControlServer::Answer& answer) {
  supervisor_.ask<ipc::ListSessions, ipc::Sessions>({}, [answer](const auto& sessions) {
    answer(sessions ? base::Result<json>(to_json(*sessions)) : sessions.error());
  });
}

void Server::answer_bans(const Arguments& arguments, const ControlServer::Answer& answer) {
  const auto question = bans_question(arguments);
  if (!question) return answer(question.error());
  supervisor_.ask<ipc::ManageBans, ipc::Bans>(
      *question, [answer, question = *question](const auto& bans) {
        if (!bans) return answer(bans.error());
        if (!bans->error.empty()) return answer(base::Error::permanent(bans->error));
        answer(to_json(question, *bans));
      });
}

void Server::answer_limits(const Arguments& arguments, const ControlServer::Answer& answer) {
  const auto question = limits_question(arguments);
  if (!question) return answer(question.error());
  supervisor_.ask<ipc::ShowLimits, ipc::Limits>(
      *question, [this, answer, address = question->address](const auto& limits) {
        if (!limits) return answer(limits.error());
        answer(to_json(*limits, address, addresses_));
      });
}

void Server::answer_reload(const Arguments&, const ControlServer::Answer& answer) {
  reload([this, answer](const std::string& error) {
    if (!error.empty()) return answer(base::Error::permanent(error));
    answer(json{{"generation", supervisor_.generation()}});
  });
}

void Server::answer_stop(const Arguments&, const ControlServer::Answer& answer) {
  answer(json{{"sessions", supervisor_.smtp_figures().sessions},
              {"grace_ms", supervisor_.config().shutdown_grace.count()}});
  stop("control");
}

void Server::reload(std::function<void(const std::string& error)> done) {
  keep_connected();
  // That one may have read files that are older; nothing is noted of those that are there now.
  if (const std::string reason = why_no_reload(); !reason.empty()) {
    log_reload(reason);
    return done(reason);
  }
  common::sd_notify("RELOADING=1\nMONOTONIC_USEC=" + monotonic_usec());
  remember_certificates();  // a failure is tried again when they change again
  load_anew([this, done = std::move(done)](const std::string& error) {
    finish_reload(error);
    done(error);
  });
}

std::string Server::why_no_reload() const {
  if (!ready_) return "the server is starting";
  if (supervisor_.stopping()) return "the server is stopping";
  return supervisor_.reloading() ? "another reload is going on" : "";
}

void Server::load_anew(std::function<void(const std::string& error)> done) {
  config::DiskFiles files;
  config::Loaded loaded = config::load(config_path_, files);
  if (!loaded.ok()) return done(config::render(loaded.diagnostics));
  if (const auto fixed = fixed_keys_changed(supervisor_.config(), loaded.config); !fixed.empty())
    return done("changed, but only a restart can change it: " + fixed);
  const auto tls = common::prepare_tls(loaded.config);
  if (!tls.failures.empty()) return done(tls.failures.front().reason);
  if (const auto root = net::check_root_files(loaded.config.dns); !root)
    return done(root.error().reason);
  supervisor_.reload(std::move(loaded.config), std::move(done));
}

void Server::log_reload(const std::string& error) const {
  obs::Line line(obs::Event::reload);
  line.token("result", error.empty() ? "ok" : "failed");
  line.number("generation", static_cast<std::int64_t>(supervisor_.generation()));
  if (!error.empty()) line.text("reason", error);
  line.write();
}

void Server::finish_reload(const std::string& error) {
  if (error.empty()) {
    loaded_at_ = base::now();
    last_reload_ = "ok";
    tls_ = common::prepare_tls(supervisor_.config()).value;
    auto before_reading = certificates_;
    remember_certificates();
    for (auto& [path, looks] : certificates_)
      if (const auto known = before_reading.find(path); known != before_reading.end())
        looks = known->second;
  } else {
    last_reload_ = "failed: " + error;
  }
  log_reload(error);
  common::sd_notify("READY=1");
  tell_manager();
}

void Server::remember_certificates() {
  certificates_.clear();
  for (const net::Certificate& certificate : supervisor_.config().tls.certificates)
    for (const std::string& path : {certificate.chain_name, certificate.key_name})
      certificates_[path] = looks_of(path);
}

// What may change around us while we run.
void Server::look_around() {
  loop_.after(kLookInterval, [this] { look_around(); });
  keep_connected();
  watch_certificates();
}

void Server::keep_connected() {
  common::reconnect_journal();
  if (control_ != nullptr) control_->keep_in_place();
}

void Server::watch_certificates() {
  const bool changed = std::ranges::any_of(
      certificates_, [](const auto& file) { return looks_of(file.first) != file.second; });
  if (!changed && (!retry_certificates_ || base::now() < *retry_certificates_)) return;
  retry_certificates_.reset();
  reload([this](const std::string& error) {
    // Perhaps a role was being replaced, or the key is yet to come.
    if (!error.empty()) retry_certificates_ = base::now() + kCertificateRetry;
  });
}

int Server::certificate_days() const {
  return tls_ != nullptr ? tls_->days_left(base::wall_now()) : 0;
}

// The watchdog is fed only while the chain supervisor - role - event loops answers, or a role that
// does not is being replaced.
void Server::tell_manager() {
  std::string state = common::status_line(
      std::to_string(supervisor_.smtp_figures().sessions) + " sessions, " +
      std::to_string(count(common::Counter::messages_accepted)) + " messages, certificate " +
      std::to_string(certificate_days()) + " d, configuration " + last_reload_);
  if (supervisor_.healthy()) state += "\nWATCHDOG=1";
  common::sd_notify(state);
}

void Server::keep_telling_manager() {
  tell_manager();
  const base::Duration usual = kStatusInterval;
  loop_.after(std::min(watchdog_interval_.value_or(usual), usual),
              [this] { keep_telling_manager(); });
}

// What smtp has not told, or not yet, is zero.
std::uint64_t Server::count(common::Counter counter) const {
  const auto& counters = supervisor_.smtp_figures().counters;
  const auto place = static_cast<std::size_t>(counter);
  return place < counters.size() ? counters[place] : 0;
}

json Server::status() const {
  json roles = json::array();
  for (const RoleStatus& role : supervisor_.roles())
    roles.push_back({{"role", ipc::name_of(role.id)},
                     {"pid", role.pid},
                     {"serving", role.serving},
                     {"uptime_seconds", role.uptime.count() / 1000},
                     {"restarts", role.restarts}});
  json status = {{"version", common::version()},
                 {"pid", ::getpid()},
                 {"hostname", supervisor_.config().hostname},
                 {"listeners", addresses_},
                 {"roles", roles},
                 {"sessions", supervisor_.smtp_figures().sessions},
                 {"networks", supervisor_.smtp_figures().networks},
                 {"bans", supervisor_.smtp_figures().bans},
                 {"shedding", supervisor_.smtp_figures().shedding},
                 {"certificate_days", certificate_days()},
                 {"configuration",
                  {{"file", config_path_},
                   {"generation", supervisor_.generation()},
                   {"age_seconds", seconds(base::now() - loaded_at_)},
                   {"last_reload", last_reload_}}}};
  for (std::size_t i = 0; i < common::kCounters.size(); ++i)
    status[std::string(common::kCounters[i].name)] = count(static_cast<common::Counter>(i));
  return status;
}

}  // namespace supervisor
