// SPDX-License-Identifier: Apache-2.0
// The running server: a supervisor with what an administrator and the service manager see of it:
// signals, control socket, notifications, certificates that change on disk.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/config.h"
#include "daemon/common/counters.h"
#include "daemon/common/poll_loop.h"
#include "daemon/supervisor/control_server.h"
#include "daemon/supervisor/control_socket.h"
#include "daemon/supervisor/supervisor.h"
#include "net/tls_context.h"

namespace supervisor {

class Server {
 public:
  // No `control`: the server runs without a control socket.
  Server(std::string config_path, config::Config config, Resources resources,
         std::optional<ControlSocket> control);
  ~Server();

  // Serves until it is stopped; the exit code.
  int run();

 private:
  void serve_control(ControlSocket socket);
  using Arguments = ControlServer::Arguments;
#define POSTERN_CONTROL(name, help) \
  void answer_##name(const Arguments& arguments, const ControlServer::Answer& answer);
#include "daemon/common/control_commands.def"
#undef POSTERN_CONTROL
  void watch_signals();
  void on_signals();
  void on_ready();
  void reload(std::function<void(const std::string& error)> done);
  std::string why_no_reload() const;
  void load_anew(std::function<void(const std::string& error)> done);
  void log_reload(const std::string& error) const;
  void finish_reload(const std::string& error);
  void stop(const char* reason);
  void look_around();
  void keep_connected();
  void watch_certificates();
  void remember_certificates();
  void tell_manager();
  void keep_telling_manager();
  int certificate_days() const;
  std::uint64_t count(common::Counter counter) const;
  nlohmann::json status() const;

  const std::string config_path_;
  common::PollLoop loop_;
  std::vector<std::string> addresses_;  // of the listeners, with their kind of TLS
  Supervisor supervisor_;
  base::UniqueFd signals_;
  std::unique_ptr<ControlServer> control_;
  std::map<std::string, std::string> certificates_;  // path -> its looks before it was read
  std::shared_ptr<const net::TlsContext> tls_;  // of the configuration in force, for its expiry
  std::optional<base::Instant> retry_certificates_;
  std::optional<base::Duration> watchdog_interval_;
  bool ready_ = false;
  base::Instant loaded_at_;
  std::string last_reload_ = "none";
};

}  // namespace supervisor
