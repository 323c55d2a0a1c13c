// SPDX-License-Identifier: Apache-2.0
#include "daemon/verify/role.h"

#include <utility>

#include "daemon/common/role_settings.h"
#include "obs/log.h"

namespace verify_role {

Role::Role(common::RoleParts parts, Work work) : work_(std::move(work)) {
  for (auto& [peer, channel] : parts.peers) on_peer(peer, std::move(channel));
}

void Role::run(ipc::Channel supervisor, std::vector<std::string> warnings) {
  supervisor_ = std::make_unique<common::SupervisorLink>(std::move(supervisor), *this);
  loop_.watch(
      supervisor_->fd(), [this] { supervisor_->on_readable(); },
      [this] { return supervisor_->wants_write(); }, [this] { supervisor_->on_writable(); });
  supervisor_->send(ipc::Confined{std::move(warnings)});
  loop_.run();
}

void Role::on_ping(std::uint64_t number) { supervisor_->send(ipc::Pong{number, 0, 0, 0, {}, {}}); }

void Role::on_reload(std::uint64_t generation, base::UniqueFd settings) {
  const auto log = common::open_settings<obs::Settings>(settings);
  if (log) obs::configure(*log);
  supervisor_->send(ipc::Reloaded{generation, log ? "" : log.error().reason});
}

void Role::on_drain(std::chrono::milliseconds) { supervisor_->send(ipc::Drained{}); }

void Role::on_peer(const ipc::RoleId& peer, base::UniqueFd channel) {
  if (peer.role != ipc::Role::Smtp) return;
  if (smtp_ != nullptr) smtp_->close();
  smtp_ = std::make_shared<SmtpPeer>(loop_, std::move(channel), work_);
  smtp_->start();
}

void Role::on_list_sessions(std::uint64_t request) {
  supervisor_->send(ipc::Sessions{request, {}});
}

}  // namespace verify_role
