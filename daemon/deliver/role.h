// SPDX-License-Identifier: Apache-2.0
// The deliver role: writes messages into Maildirs, and nothing else. The main thread moves IPC
// messages; everything that may wait for the disk runs in the writer threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/common/poll_loop.h"
#include "daemon/common/role_settings.h"
#include "daemon/common/role_start.h"
#include "daemon/common/supervisor_link.h"
#include "daemon/deliver/disk_watch.h"
#include "daemon/deliver/janitor.h"
#include "daemon/deliver/smtp_peer.h"
#include "daemon/deliver/state_store.h"
#include "spool/delivery.h"
#include "spool/writers.h"

namespace deliver_role {

class Role final : public common::RoleHandler {
 public:
  // Starts the writers' and the janitor's threads.
  Role(const common::DeliverRoleSettings& settings, spool::Spool spool, StateFiles state,
       common::RoleParts parts);

  // Says that the process is confined and serves; ends with the process.
  void run(ipc::Channel supervisor, std::vector<std::string> warnings);

  void on_serve() override {}
  void on_ping(std::uint64_t number) override;
  void on_reload(std::uint64_t generation, base::UniqueFd settings) override;
  void on_drain(std::chrono::milliseconds grace) override;
  void on_peer(const ipc::RoleId& peer, base::UniqueFd channel) override;
  void on_list_sessions(std::uint64_t request) override;

 private:
  void watch_disk();
  void reload(std::uint64_t generation, const common::DeliverRoleSettings& settings);

  common::PollLoop loop_;
  KnownMailboxes known_;
  spool::Spool spool_;
  StateStore state_;
  spool::Writers writers_;
  Janitor janitor_;
  DiskWatch disk_;
  std::unique_ptr<common::SupervisorLink> supervisor_;
  std::shared_ptr<SmtpPeer> smtp_;
};

}  // namespace deliver_role
