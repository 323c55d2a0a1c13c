// SPDX-License-Identifier: Apache-2.0
// The smtp role: accepts on the listeners it was given, deals the connections out to its shards,
// and does what the supervisor says. Everything here runs in the main thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/common/role_settings.h"
#include "daemon/common/role_start.h"
#include "daemon/common/supervisor_link.h"
#include "daemon/smtp/load_watch.h"
#include "daemon/smtp/network_answers.h"
#include "daemon/smtp/services.h"
#include "daemon/smtp/shard.h"
#include "daemon/smtp/state_keeper.h"
#include "net/acceptor.h"
#include "net/event_loop.h"
#include "net/proxy_intake.h"

namespace smtp_role {

class Role final : public common::RoleHandler {
 public:
  // Starts the shards' threads. One listener in `parts` for each in `settings`.
  Role(net::EventLoop& loop, const common::SmtpRoleSettings& settings,
       std::shared_ptr<const Snapshot> snapshot, common::RoleParts parts);
  ~Role() override;

  // Says that the process is confined and serves; ends with the process.
  void run(ipc::Channel supervisor, std::vector<std::string> warnings);

  void on_serve() override;
  void on_ping(std::uint64_t number) override;
  void on_reload(std::uint64_t generation, base::UniqueFd settings) override;
  void on_drain(std::chrono::milliseconds grace) override;
  void on_peer(const ipc::RoleId& peer, base::UniqueFd channel) override;
  void on_peer_crashed(const ipc::RoleId& peer) override;
  void on_list_sessions(std::uint64_t request) override;
  void on_question(const ipc::ManageBans& question) override;
  void on_question(const ipc::ShowLimits& question) override;
  void on_question(const ipc::ListBusiest& question) override;

 private:
  struct Socket {
    base::UniqueFd fd;
    common::SmtpRoleSettings::Listener settings;
    std::size_t index;
  };
  void listen(Socket& socket);
  void accept(base::UniqueFd fd, const base::Endpoint& peer, const Socket& socket);
  void accept_from_proxy(base::UniqueFd fd, const base::Endpoint& proxy, const Socket& socket);
  Arrival arrival(base::UniqueFd fd, const base::Endpoint& client, const Socket& socket);
  void admit(Arrival& arrival, const policy::Gate::Visitor& visitor, policy::Gate::Seat seat);
  void adopt(Arrival arrival);
  std::string next_session_id();
  static std::uint64_t first_session_number();
  base::Status reload(const base::UniqueFd& settings);
  void abort_sessions(std::string_view reason);
  void count_crash(const base::IpAddress& client, const ipc::RoleId& verifier);
  void watch_crowd();
  void watch_drain();
  template <class Message>
  void tell_supervisor(const Message& message);

  net::EventLoop& loop_;
  Services services_;
  std::vector<Socket> sockets_;
  std::vector<ListenerRules> rules_;  // of these
  std::vector<std::unique_ptr<Shard>> shards_;
  std::size_t next_shard_ = 0;
  std::uint64_t sessions_ = first_session_number();
  // Null once the role drains: who has not told its client by then is dropped.
  std::unique_ptr<net::ProxyIntake> proxies_;
  LoadWatch load_watch_;
  StateKeeper state_keeper_;
  std::unique_ptr<net::EventLoop::Watch> crowd_watch_;
  std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
  std::unique_ptr<common::SupervisorLink> supervisor_;
  std::unique_ptr<net::EventLoop::Watch> supervisor_writable_;
  std::unique_ptr<net::EventLoop::Watch> drain_watch_;
  std::optional<base::Instant> drain_until_;
  std::optional<base::Instant> state_until_;  // once there is no session
  bool drained_ = false;
};

}  // namespace smtp_role
