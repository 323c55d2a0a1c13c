// SPDX-License-Identifier: Apache-2.0
#include "daemon/resolve/role.h"

#include <unistd.h>

#include <string>
#include <utility>

#include "daemon/common/exit_code.h"
#include "obs/log.h"

namespace resolve_role {
namespace {

constexpr std::chrono::seconds kClockInterval{10};

}  // namespace

Role::Role(net::EventLoop& loop, std::unique_ptr<dns::Resolver> resolver, common::RoleParts parts)
    : loop_(loop),
      resolver_(std::move(resolver)),
      clock_(base::now(), base::wall_now()),
      clock_timer_(loop.every(kClockInterval, [this] { look_at_clock(); })) {
  for (auto& [peer, channel] : parts.peers) on_peer(peer, std::move(channel));
}

void Role::run(ipc::Channel supervisor, std::vector<std::string> warnings) {
  supervisor_ = std::make_unique<common::SupervisorLink>(std::move(supervisor), *this);
  const auto readable =
      loop_.on_readable(supervisor_->fd(), [this] { supervisor_->on_readable(); });
  supervisor_writable_ = loop_.on_writable(supervisor_->fd(), [this] {
    supervisor_->on_writable();
    if (!supervisor_->wants_write()) supervisor_writable_->pause();
  });
  tell_supervisor(ipc::Confined{std::move(warnings)});
  loop_.run();
}

template <class Message>
void Role::tell_supervisor(const Message& message) {
  supervisor_->send(message);
  if (supervisor_->wants_write()) supervisor_writable_->resume();
}

// The library keeps answers, and failures too, until a time on the wall clock. After a day back
// they would be kept for a day longer; another process has none, and is asked what this one was.
void Role::look_at_clock() {
  const auto back = clock_.set_back(base::now(), base::wall_now());
  if (back.count() == 0) return;
  obs::log_trouble("clock", "it was set back by " + std::to_string(back.count()) +
                                " s: what the resolver keeps is forgotten");
  obs::stop();
  ::_exit(common::kExitOk);
}

void Role::on_ping(std::uint64_t number) { tell_supervisor(ipc::Pong{number, 0, 0, 0, {}, {}}); }

void Role::on_reload(std::uint64_t generation, base::UniqueFd settings) {
  const auto opened = common::open_settings<common::ResolveRoleSettings>(settings);
  if (opened) obs::configure(opened->log);
  tell_supervisor(ipc::Reloaded{generation, opened ? "" : opened.error().reason});
}

// The supervisor drains smtp first, and nobody else asks.
void Role::on_drain(std::chrono::milliseconds) { tell_supervisor(ipc::Drained{}); }

void Role::on_peer(const ipc::RoleId& peer, base::UniqueFd channel) {
  if (peer.role != ipc::Role::Smtp) return;
  smtp_ = std::make_shared<SmtpPeer>(loop_, *resolver_);
  smtp_->start(std::move(channel));
}

void Role::on_list_sessions(std::uint64_t request) { tell_supervisor(ipc::Sessions{request, {}}); }

}  // namespace resolve_role
