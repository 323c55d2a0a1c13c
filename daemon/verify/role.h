// SPDX-License-Identifier: Apache-2.0
// The verify role, and the opinion role: one job after the other, with what the job brings and
// nothing else. It keeps nothing between two jobs. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/common/poll_loop.h"
#include "daemon/common/role_start.h"
#include "daemon/common/supervisor_link.h"
#include "daemon/verify/smtp_peer.h"

namespace verify_role {

class Role final : public common::RoleHandler {
 public:
  Role(common::RoleParts parts, Work work);

  // Says that the process is confined and serves; ends with the process.
  void run(ipc::Channel supervisor, std::vector<std::string> warnings);

  void on_serve() override {}
  void on_ping(std::uint64_t number) override;
  void on_reload(std::uint64_t generation, base::UniqueFd settings) override;
  void on_drain(std::chrono::milliseconds grace) override;
  void on_peer(const ipc::RoleId& peer, base::UniqueFd channel) override;
  void on_list_sessions(std::uint64_t request) override;

 private:
  common::PollLoop loop_;
  const Work work_;
  std::unique_ptr<common::SupervisorLink> supervisor_;
  std::shared_ptr<SmtpPeer> smtp_;
};

}  // namespace verify_role
