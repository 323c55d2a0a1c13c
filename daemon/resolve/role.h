// SPDX-License-Identifier: Apache-2.0
// The resolve role: asks the DNS for smtp, and does what the supervisor says. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock_watch.h"
#include "daemon/common/role_settings.h"
#include "daemon/common/role_start.h"
#include "daemon/common/supervisor_link.h"
#include "daemon/resolve/smtp_peer.h"
#include "dns/resolver.h"
#include "net/event_loop.h"

namespace resolve_role {

class Role final : public common::RoleHandler {
 public:
  // `loop` must outlive this.
  Role(net::EventLoop& loop, std::unique_ptr<dns::Resolver> resolver, common::RoleParts parts);

  // Says that the process is confined and serves; ends with the process.
  void run(ipc::Channel supervisor, std::vector<std::string> warnings);

  void on_serve() override {}
  void on_ping(std::uint64_t number) override;
  // The supervisor replaces the process where settings of the DNS change.
  void on_reload(std::uint64_t generation, base::UniqueFd settings) override;
  void on_drain(std::chrono::milliseconds grace) override;
  void on_peer(const ipc::RoleId& peer, base::UniqueFd channel) override;
  void on_list_sessions(std::uint64_t request) override;

 private:
  template <class Message>
  void tell_supervisor(const Message& message);
  void look_at_clock();

  net::EventLoop& loop_;
  std::unique_ptr<dns::Resolver> resolver_;
  std::shared_ptr<SmtpPeer> smtp_;
  std::unique_ptr<common::SupervisorLink> supervisor_;
  std::unique_ptr<net::EventLoop::Watch> supervisor_writable_;
  base::ClockWatch clock_;
  std::unique_ptr<net::EventLoop::Watch> clock_timer_;
};

}  // namespace resolve_role
