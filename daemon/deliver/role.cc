// SPDX-License-Identifier: Apache-2.0
#include "daemon/deliver/role.h"

#include <utility>

#include "obs/log.h"

namespace deliver_role {

namespace {

constexpr std::chrono::seconds kDiskInterval{1};

// All that mail may go to.
std::vector<spool::Mailbox> targets(const common::DeliverRoleSettings& settings) {
  std::vector<spool::Mailbox> all = settings.mailboxes;
  for (const spool::Mailbox& mailbox : settings.mailboxes)
    all.push_back({mailbox.domain, mailbox.name, settings.quarantine_folder});
  return all;
}

}  // namespace

Role::Role(const common::DeliverRoleSettings& settings, spool::Spool spool, StateFiles state,
           common::RoleParts parts)
    : spool_(std::move(spool)),
      state_(loop_, writers_, std::move(state)),
      writers_(spool_, settings.spool.writers),
      janitor_(spool_, targets(settings)) {
  known_.add(targets(settings));
  for (auto& [peer, channel] : parts.peers) on_peer(peer, std::move(channel));
}

void Role::run(ipc::Channel supervisor, std::vector<std::string> warnings) {
  supervisor_ = std::make_unique<common::SupervisorLink>(std::move(supervisor), *this);
  loop_.watch(
      supervisor_->fd(), [this] { supervisor_->on_readable(); },
      [this] { return supervisor_->wants_write(); }, [this] { supervisor_->on_writable(); });
  supervisor_->send(ipc::Confined{std::move(warnings)});
  watch_disk();
  loop_.run();
}

void Role::watch_disk() {
  const base::Instant now = base::now();
  disk_.look(writers_.standing(now), now);
  loop_.after(kDiskInterval, [this] { watch_disk(); });
}

void Role::on_ping(std::uint64_t number) { supervisor_->send(ipc::Pong{number, 0, 0, 0, {}, {}}); }

void Role::on_reload(std::uint64_t generation, base::UniqueFd settings) {
  auto opened = common::open_settings<common::DeliverRoleSettings>(settings);
  if (!opened) return supervisor_->send(ipc::Reloaded{generation, opened.error().reason});
  reload(generation, *opened);
}

void Role::reload(std::uint64_t generation, const common::DeliverRoleSettings& settings) {
  const bool queued = writers_.run([this, generation, settings] {
    const auto made = spool_.make(settings.mailboxes);
    loop_.post([this, generation, settings, made] {
      if (made) {
        writers_.set_active(settings.spool.writers);
        janitor_.replace(targets(settings));
        known_.add(targets(settings));
        obs::configure(settings.log);
      }
      supervisor_->send(ipc::Reloaded{generation, made ? "" : made.error().reason});
    });
  });
  if (!queued) supervisor_->send(ipc::Reloaded{generation, "the queue of the writers is full"});
}

// The supervisor drains smtp first; what smtp has given up nobody waits for.
void Role::on_drain(std::chrono::milliseconds) { supervisor_->send(ipc::Drained{}); }

void Role::on_peer(const ipc::RoleId& peer, base::UniqueFd channel) {
  if (peer.role != ipc::Role::Smtp) return;
  if (smtp_ != nullptr) smtp_->close();
  smtp_ = std::make_shared<SmtpPeer>(loop_, spool_, writers_, known_, state_, disk_,
                                     std::move(channel));
  smtp_->start();
}

void Role::on_list_sessions(std::uint64_t request) {
  supervisor_->send(ipc::Sessions{request, {}});
}

}  // namespace deliver_role
