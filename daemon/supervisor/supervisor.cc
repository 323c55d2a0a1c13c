// SPDX-License-Identifier: Apache-2.0
#include "daemon/supervisor/supervisor.h"

#include <fcntl.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <thread>
#include <utility>

#include "daemon/common/build_id.h"
#include "daemon/common/exit_code.h"
#include "daemon/common/role_settings.h"
#include "daemon/common/settings_of_roles.h"
#include "daemon/supervisor/reload_rules.h"
#include "obs/log.h"

namespace supervisor {
namespace {

constexpr std::chrono::seconds kPingInterval{1};
constexpr std::chrono::seconds kFirstBackOff{1};
constexpr std::chrono::seconds kLongestBackOff{30};
constexpr unsigned kMaxDoublings = 5;
constexpr std::chrono::minutes kStartLimit{2};  // from start to confined
constexpr std::chrono::seconds kPeerInterval{1};
constexpr std::chrono::milliseconds kPeerPatience{100};
constexpr std::chrono::seconds kReloadLimit{60};

// In the order in which a new configuration goes out: deliver must know a mailbox before smtp
// accepts mail for it, and who is not needed comes last.
constexpr ipc::Role kRoles[] = {ipc::Role::Deliver, ipc::Role::Smtp, ipc::Role::Verify,
                                ipc::Role::Resolve, ipc::Role::Opinion};

// Who has a channel to smtp.
constexpr ipc::Role kPeersOfSmtp[] = {ipc::Role::Deliver, ipc::Role::Verify, ipc::Role::Resolve,
                                      ipc::Role::Opinion};

bool talks_to_smtp(ipc::Role role) { return std::ranges::count(kPeersOfSmtp, role) != 0; }

std::string program_of(const ipc::RoleId& id) { return "postern-" + ipc::name_of(id); }

// Whether mail waits for it. What strangers make crash again and again must cost nothing when it is
// not: it has its pause, and a reload goes on without it.
bool is_needed(const ipc::RoleId& id) { return id.role != ipc::Role::Opinion; }

std::uint32_t processes_of(ipc::Role role, const config::Workers& workers) {
  if (role != ipc::Role::Verify) return 1;
  return workers.verifiers > 0 ? workers.verifiers
                               : std::max(1u, std::thread::hardware_concurrency());
}

void log_role(const ipc::RoleId& role, pid_t pid, const char* state) {
  obs::Line(obs::Event::role)
      .token("role", ipc::name_of(role))
      .number("pid", pid)
      .token("state", state)
      .write();
}

}  // namespace

Supervisor::Supervisor(common::PollLoop& loop, config::Config config, Resources resources)
    : loop_(loop), config_(std::move(config)), resources_(std::move(resources)) {
  for (const ipc::Role role : kRoles) {
    for (std::uint32_t i = 0; i < processes_of(role, config_.workers); ++i)
      slots_.emplace_back().id = {role, i};
  }
}

// The roles end when their channels do; a service manager should find none of them left.
Supervisor::~Supervisor() {
  std::vector<pid_t> left;
  for (Slot& slot : slots_) {
    if (!slot.process) continue;
    loop_.unwatch(slot.process->channel().fd());
    left.push_back(slot.process->pid());
    slot.process.reset();
  }
  common::await_ends(std::move(left));
}

Supervisor::Slot* Supervisor::find(const ipc::RoleId& id) {
  const auto found = std::ranges::find(slots_, id, &Slot::id);
  return found == slots_.end() ? nullptr : &*found;
}

void Supervisor::start(std::function<void()> ready) {
  ready_ = std::move(ready);
  for (Slot& slot : slots_) spawn(slot);
  loop_.after(kPingInterval, [this] { ping_all(); });
}

void Supervisor::spawn(Slot& slot) {
  auto process =
      common::RoleProcess::spawn(slot.id, resources_.programs.at(slot.id.role), resources_.user);
  if (!process) return spawn_failed(slot, process.error().reason);
  slot.process.emplace(std::move(*process));
  slot.confined = slot.serving = false;
  slot.ping_sent.reset();
  slot.end_reason.clear();
  ++slot.starts;
  ipc::Channel& channel = slot.process->channel();
  loop_.watch(
      channel.fd(), [this, &slot] { on_readable(slot); },
      [&channel] { return channel.wants_write(); },
      [this, &slot] {
        if (const auto sent = slot.process->channel().flush(); !sent)
          end(slot, sent.error().reason);
      });
}

void Supervisor::spawn_failed(Slot& slot, const std::string& reason) {
  obs::Line(obs::Event::role_died)
      .token("role", ipc::name_of(slot.id))
      .text("reason", reason)
      .write();
  if (!all_served_once_) return fail_start(common::kExitOsError);
  ++slot.failures_in_a_row;
  schedule_restart(slot);
}

template <class Message>
void Supervisor::send(Slot& slot, const Message& message, std::optional<base::UniqueFd> fd) {
  if (!slot.process) return;
  const auto sent = slot.process->channel().send(message, std::move(fd));
  // One that has died is told of by SIGCHLD, with the true reason.
  if (!sent && sent.error().system_error != EPIPE) end(slot, sent.error().reason);
}

void Supervisor::on_readable(Slot& slot) {
  const auto open = slot.process->channel().receive();
  for (;;) {
    auto message = slot.process->channel().next();
    if (!message) return violate(slot, message.error().reason);
    if (!*message) break;
    handle(slot, **message);
    if (!slot.end_reason.empty()) return;
  }
  // Its end is told by SIGCHLD; until then there is nothing to watch.
  if (!open || !*open) loop_.unwatch(slot.process->channel().fd());
}

void Supervisor::handle(Slot& slot, ipc::Message& message) {
  const auto take = [&]<class T>(T, auto use) {
    const auto body = ipc::unpack<T>(message.body);
    if (!body) return violate(slot, std::string(ipc::name_of(message.type)) + ": damaged body");
    use(*body);
  };
  switch (message.type) {
    case ipc::Type::Hello:
      return take(ipc::Hello{}, [&](const auto& hello) { on_hello(slot, hello); });
    case ipc::Type::Confined:
      return take(ipc::Confined{}, [&](const auto& confined) { on_confined(slot, confined); });
    case ipc::Type::Pong:
      return take(ipc::Pong{}, [&](const auto& pong) { on_pong(slot, pong); });
    case ipc::Type::Reloaded:
      return take(ipc::Reloaded{}, [&](const auto& reloaded) { on_reloaded(slot, reloaded); });
    case ipc::Type::PeerLost:
      return take(ipc::PeerLost{}, [&](const auto& lost) {
        if (Slot* peer = peer_named(slot, lost.id)) reconnect_to_smtp(*peer);
      });
    case ipc::Type::PeerStuck:
      return take(ipc::PeerStuck{}, [&](const auto& stuck) {
        if (Slot* peer = peer_named(slot, stuck.id)) replace_stuck(*peer);
      });
    case ipc::Type::Drained:
      if (!stopping_) return violate(slot, "Drained was not asked for");
      if (slot.id.role == ipc::Role::Smtp) finish_stop();
      return;
    default:
      return take(ipc::Sessions{}, [&](const auto& sessions) {
        const auto found = session_lists_.extract(sessions.request);
        if (found.empty()) return violate(slot, "Sessions was not asked for");
        found.mapped()(sessions);
      });
  }
}

void Supervisor::violate(Slot& slot, const std::string& reason) {
  obs::Line(obs::Event::ipc_violation)
      .token("peer", ipc::name_of(slot.id))
      .text("reason", reason)
      .write();
  end(slot, "said what it may not");
}

void Supervisor::end(Slot& slot, std::string reason) {
  slot.end_reason = std::move(reason);
  loop_.unwatch(slot.process->channel().fd());
  slot.process->kill();
}

void Supervisor::on_hello(Slot& slot, const ipc::Hello& hello) {
  if (const auto ours = common::check_hello(hello, slot.id.role); !ours)
    return violate(slot, ours.error().reason);
  send(slot, ipc::Welcome{common::build_id()});
  send_parts(slot);
}

base::Result<base::UniqueFd> Supervisor::settings_for(ipc::Role role,
                                                      const config::Config& config) const {
  switch (role) {
    case ipc::Role::Smtp: {
      std::vector<std::size_t> sockets;
      for (const common::BoundListener& bound : resources_.listeners)
        sockets.push_back(bound.listener);
      return common::seal_settings(common::smtp_settings(config, sockets));
    }
    case ipc::Role::Deliver:
      return common::seal_settings(common::deliver_settings(config));
    case ipc::Role::Resolve:
      return common::seal_settings(common::resolve_settings(config));
    default:
      return common::seal_settings(config.log);
  }
}

void Supervisor::send_parts(Slot& slot) {
  auto settings =
      settings_for(slot.id.role, is_replaced_for_reload(slot) ? reload_->config : config_);
  if (!settings) return end(slot, settings.error().reason);
  send(slot, ipc::Configure{generation_}, std::move(*settings));
  const auto copy = [](const base::UniqueFd& fd) {
    return base::UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  };
  if (slot.id.role == ipc::Role::Smtp)
    for (std::size_t i = 0; i < resources_.listeners.size(); ++i)
      send(slot, ipc::Listener{static_cast<std::uint32_t>(i)}, copy(resources_.listeners[i].fd));
  if (slot.id.role == ipc::Role::Deliver)
    send(slot, ipc::Directory{ipc::Directory::Kind::Spool}, copy(resources_.spool_root));
  connect_new(slot);
  send(slot, ipc::Confine{});
}

// Whichever of two comes later brings the channel between them.
void Supervisor::connect_new(Slot& new_one) {
  if (talks_to_smtp(new_one.id.role)) return connect_to_smtp(new_one);
  if (new_one.id.role != ipc::Role::Smtp) return;
  for (Slot& slot : slots_)
    if (talks_to_smtp(slot.id.role)) connect_to_smtp(slot);
}

void Supervisor::connect_to_smtp(Slot& peer) {
  const auto ready = [](Slot& slot) {
    return slot.process && slot.end_reason.empty() &&
           slot.process->channel().state() != ipc::State::RoleStarting;
  };
  if (!ready(smtp()) || !ready(peer)) return;
  peer.connected = base::now();
  auto ends = ipc::Channel::make_pair();
  if (!ends) return end(peer, ends.error().reason);
  send(peer, ipc::Peer{smtp().id}, std::move(ends->first));
  send(smtp(), ipc::Peer{peer.id}, std::move(ends->second));
}

// Who smtp speaks of; nothing, and its end: it is not smtp, or speaks of nobody it could know.
Supervisor::Slot* Supervisor::peer_named(Slot& by, const ipc::RoleId& id) {
  Slot* peer = find(id);
  const bool allowed = by.id.role == ipc::Role::Smtp && peer && talks_to_smtp(id.role);
  if (!allowed) violate(by, "it may not speak of the channels of others");
  return allowed ? peer : nullptr;
}

// Either the other has died, which SIGCHLD is about to tell, or it found that smtp had said what it
// may not. An smtp that asks without end gets one channel in a while.
void Supervisor::reconnect_to_smtp(Slot& peer) {
  if (std::exchange(peer.reconnecting, true)) return;
  const auto before = peer.connected;
  loop_.at(std::max(base::now() + kPeerPatience, before + kPeerInterval), [this, before, &peer] {
    peer.reconnecting = false;
    // A new one may have brought its channel meanwhile.
    if (peer.connected == before) connect_to_smtp(peer);
  });
}

// One that is younger than smtp's patience is not the one that smtp has waited for.
void Supervisor::replace_stuck(Slot& slot) {
  if (!slot.process || !slot.end_reason.empty()) return;
  if (base::now() - slot.process->started() < kPeerInterval) return;
  end(slot, "it did not end its work in time");
}

void Supervisor::on_confined(Slot& slot, const ipc::Confined& confined) {
  slot.confined = true;
  slot.failures_in_a_row = 0;
  for (const std::string& warning : confined.warnings)
    obs::Line(obs::Event::trouble)
        .token("area", ipc::name_of(slot.id))
        .text("reason", warning)
        .write();
  if (!all_served_once_) return serve_if_all_confined();
  send(slot, ipc::Serve{});
  slot.serving = true;
  log_role(slot.id, slot.process->pid(), "serving");
  if (is_replaced_for_reload(slot)) take_next_reload();
}

void Supervisor::serve_if_all_confined() {
  if (!std::ranges::all_of(slots_, &Slot::confined)) return;
  all_served_once_ = true;
  for (Slot& slot : slots_) {
    send(slot, ipc::Serve{});
    slot.serving = true;
  }
  ready_();
}

void Supervisor::ping_all() {
  ++last_ping_;
  for (Slot& slot : slots_) {
    if (slot.process && !slot.confined && slot.end_reason.empty() && starts_too_slowly(slot))
      end(slot, "it did not get ready in time");
    if (!slot.serving || !slot.end_reason.empty()) continue;
    if (!slot.ping_sent) {
      slot.ping_sent = base::now();
      send(slot, ipc::Ping{last_ping_});
    } else if (base::now() - *slot.ping_sent > config_.workers.ping_timeout) {
      end(slot, "its event loops did not answer in time");
    }
  }
  loop_.after(kPingInterval, [this] { ping_all(); });
}

void Supervisor::on_pong(Slot& slot, const ipc::Pong& pong) {
  if (!slot.ping_sent || pong.number > last_ping_) return violate(slot, "Pong was not asked for");
  slot.ping_sent.reset();
  if (slot.id.role == ipc::Role::Smtp) smtp_figures_ = pong;
}

bool Supervisor::healthy() const {
  return std::ranges::none_of(slots_, [&](const Slot& slot) {
    return is_needed(slot.id) &&
           (slot.failures_in_a_row > kMaxDoublings || (!slot.serving && starts_too_slowly(slot)));
  });
}

bool Supervisor::starts_too_slowly(const Slot& slot) {
  return slot.process && base::now() - slot.process->started() > kStartLimit;
}

void Supervisor::reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    const auto found = std::ranges::find_if(
        slots_, [&](const Slot& slot) { return slot.process && slot.process->pid() == pid; });
    if (found != slots_.end()) on_death(*found, status);
  }
}

void Supervisor::on_death(Slot& slot, int status) {
  const pid_t pid = slot.process->pid();
  const bool confined = slot.confined;
  const std::string reason =
      slot.end_reason.empty() ? common::describe_death(status) : slot.end_reason;
  loop_.unwatch(slot.process->channel().fd());
  slot.process.reset();
  slot.confined = slot.serving = false;
  if (stopping_) {
    // Without deliver smtp still has sessions to answer.
    if (slot.id.role == ipc::Role::Smtp) finish_stop();
    return;
  }
  if (reload_ && reload_->replaced == pid) {
    log_role(slot.id, pid, "ended");
    return spawn(slot);
  }
  if (slot.id.role == ipc::Role::Smtp) fail_session_lists();
  if (!all_served_once_)
    // The role has said why.
    return fail_start(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status)
                                                                    : common::kExitUnavailable);
  obs::Line(obs::Event::role_died)
      .token("role", ipc::name_of(slot.id))
      .number("pid", pid)
      .text("reason", reason)
      .token("confined", confined ? "yes" : "no")
      .write();
  if (reload_ && is_needed(slot.id)) finish_reload(program_of(slot.id) + " died: " + reason);
  if (reload_ && &slots_[reload_->taken] == &slot) ask_next_reload();
  // At once: it has shown that it can serve.
  if (confined && is_needed(slot.id)) return spawn(slot);
  ++slot.failures_in_a_row;
  schedule_restart(slot);
}

void Supervisor::schedule_restart(Slot& slot) {
  const auto doublings = std::min(slot.failures_in_a_row - 1, kMaxDoublings);
  const std::chrono::seconds delay = std::min(kFirstBackOff * (1 << doublings), kLongestBackOff);
  loop_.after(delay, [this, &slot] {
    if (!stopping_ && !slot.process) spawn(slot);
  });
}

void Supervisor::fail_start(int exit_code) {
  if (exit_code_ == 0) exit_code_ = exit_code;
  stopping_ = true;
  loop_.stop();
}

void Supervisor::reload(config::Config config, std::function<void(std::string)> done) {
  if (reload_ || stopping_)
    return done(stopping_ ? "the server is stopping" : "another reload is going on");
  reload_.emplace(PendingReload{std::move(config), std::move(done), 0, ++last_attempt_, 0});
  loop_.after(kReloadLimit, [this, attempt = last_attempt_] {
    if (reload_ && reload_->attempt == attempt)
      finish_reload(program_of(slots_[reload_->taken].id) + " did not answer in time");
  });
  ask_next_reload();
}

void Supervisor::ask_next_reload() {
  if (reload_->taken == slots_.size()) return finish_reload("");
  Slot& next = slots_[reload_->taken];
  if (!next.serving && !is_needed(next.id)) {
    // It will begin with what is in force then.
    ++reload_->taken;
    return ask_next_reload();
  }
  if (!next.serving) return finish_reload(program_of(next.id) + " is not running");
  if (needs_new_process(next.id.role, config_, reload_->config)) {
    reload_->replaced = next.process->pid();
    return end(next, "its settings have changed");
  }
  auto settings = settings_for(next.id.role, reload_->config);
  if (!settings) return finish_reload(settings.error().reason);
  send(next, ipc::Reload{reload_->attempt}, std::move(*settings));
}

void Supervisor::take_next_reload() {
  ++reload_->taken;
  reload_->replaced = 0;
  ask_next_reload();
}

bool Supervisor::is_replaced_for_reload(const Slot& slot) {
  return reload_ && reload_->replaced != 0 && slots_[reload_->taken].id == slot.id;
}

// What some roles have taken they give up again: all or nothing. Their answers to this are to no
// attempt that is waited for.
void Supervisor::take_back_reload(const PendingReload& reload) {
  ++last_attempt_;
  // The one that was asked last may yet take it.
  const std::size_t asked = std::min(reload.taken + 1, slots_.size());
  for (std::size_t i = 0; i < asked; ++i) {
    Slot& slot = slots_[i];
    if (needs_new_process(slot.id.role, config_, reload.config)) {
      const bool is_new = i < reload.taken || reload.replaced != 0;
      if (is_new && slot.process && slot.end_reason.empty()) end(slot, "a reload was given up");
      continue;
    }
    auto settings = settings_for(slot.id.role, config_);
    if (slot.serving && settings) send(slot, ipc::Reload{last_attempt_}, std::move(*settings));
  }
}

void Supervisor::on_reloaded(Slot& slot, const ipc::Reloaded& reloaded) {
  // An answer may come after the reload was given up, because another role died.
  if (!reload_ || reloaded.generation != reload_->attempt || slots_[reload_->taken].id != slot.id)
    return;
  if (!reloaded.error.empty()) return finish_reload(program_of(slot.id) + ": " + reloaded.error);
  take_next_reload();
}

void Supervisor::finish_reload(const std::string& error) {
  auto reload = std::exchange(reload_, std::nullopt);
  if (error.empty()) {
    config_ = std::move(reload->config);
    ++generation_;
    obs::configure(config_.log);
  } else if (!stopping_) {
    take_back_reload(*reload);
  }
  reload->done(error);
}

void Supervisor::list_sessions(std::function<void(const SessionList&)> done) {
  Slot& smtp = this->smtp();
  if (!smtp.serving || !smtp.end_reason.empty())
    return done(base::Error::temporary("postern-smtp is not running"));
  session_lists_[++last_list_] = std::move(done);
  send(smtp, ipc::ListSessions{last_list_});
}

void Supervisor::fail_session_lists() {
  for (const auto& [number, done] : std::exchange(session_lists_, {}))
    done(base::Error::temporary("postern-smtp died"));
}

void Supervisor::stop(const char* reason) {
  Slot& smtp = this->smtp();
  const auto grace = stopping_ ? std::chrono::milliseconds(0) : config_.shutdown_grace;
  if (!std::exchange(stopping_, true)) {
    obs::Line(obs::Event::stop)
        .token("reason", reason)
        .number("sessions", static_cast<std::int64_t>(smtp_figures_.sessions))
        .write();
    if (reload_) finish_reload("the server is stopping");
    // Ours too: as long as one is open, the kernel goes on taking connections for it.
    resources_.listeners.clear();
  }
  if (!smtp.serving) return finish_stop();
  send(smtp, ipc::Drain{static_cast<std::uint64_t>(grace.count())});
}

void Supervisor::finish_stop() {
  // Every delivery was answered; the roles end when their channel does.
  loop_.stop();
}

std::vector<RoleStatus> Supervisor::roles() const {
  std::vector<RoleStatus> result;
  for (const Slot& slot : slots_) {
    RoleStatus status{slot.id, 0, slot.serving, {}, slot.starts > 0 ? slot.starts - 1 : 0};
    if (slot.process) {
      status.pid = slot.process->pid();
      status.uptime = std::chrono::duration_cast<std::chrono::milliseconds>(
          base::now() - slot.process->started());
    }
    result.push_back(status);
  }
  return result;
}

}  // namespace supervisor
