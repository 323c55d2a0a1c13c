// SPDX-License-Identifier: Apache-2.0
#include "daemon/supervisor/supervisor.h"

#include <fcntl.h>
#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "daemon/common/build_id.h"
#include "daemon/common/exit_code.h"
#include "daemon/common/role_settings.h"
#include "daemon/common/settings_of_roles.h"
#include "daemon/supervisor/role_table.h"
#include "obs/log.h"

namespace supervisor {
namespace {

// A process that stops is known for it after the time-out and less than two of these, which is
// within a second.
constexpr std::chrono::milliseconds kPingInterval{500};
constexpr std::chrono::seconds kFirstBackOff{1};
constexpr std::chrono::seconds kLongestBackOff{30};
constexpr unsigned kMaxDoublings = 5;
constexpr std::chrono::minutes kStartLimit{2};  // from start to confined

// What a broken process does to itself; an administrator or the kernel, short of memory, sends
// others.
bool is_crash(int status) {
  constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGSYS};
  return WIFSIGNALED(status) && std::ranges::find(kSignals, WTERMSIG(status)) != std::end(kSignals);
}

bool is_killed(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL; }

}  // namespace

Supervisor::Supervisor(common::PollLoop& loop, config::Config config, Resources resources)
    : loop_(loop), config_(std::move(config)), resources_(std::move(resources)) {
  for (const RoleRow& row : kRoles) {
    for (std::uint32_t i = 0; i < processes_of(row.role, config_.workers); ++i)
      slots_.emplace_back().id = {row.role, i};
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
  slot.unanswered.reset();
  slot.end_reason.clear();
  ++slot.starts;
  ipc::Channel& channel = slot.process->channel();
  loop_.watch(
      channel.fd(), [this, &slot] { on_readable(slot); },
      [&channel] { return channel.wants_write(); },
      [this, &slot] { end_unless(slot, slot.process->channel().flush()); });
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

void Supervisor::on_readable(Slot& slot) {
  const auto open = slot.process->channel().receive();
  for (;;) {
    auto message = slot.process->channel().next();
    if (!message) return violate(slot, message.error().reason);
    if (!*message) break;
    handle(slot, **message);
    if (!slot.end_reason.empty()) return;
  }
  if (!open) return end(slot, open.error().reason);
  // Its end is told by SIGCHLD; until then there is nothing to watch.
  if (!*open) loop_.unwatch(slot.process->channel().fd());
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
        if (Slot* peer = peer_named(slot, lost.id, row_of(lost.id.role).talks_to_smtp))
          reconnect_to_smtp(*peer);
      });
    case ipc::Type::PeerStuck:
      return take(ipc::PeerStuck{}, [&](const auto& stuck) {
        if (Slot* peer = peer_named(slot, stuck.id, row_of(stuck.id.role).can_get_stuck))
          replace_stuck(*peer);
      });
    case ipc::Type::Drained:
      if (!stopping_) return violate(slot, "Drained was not asked for");
      if (slot.id.role == ipc::Role::Smtp) finish_stop();
      return;
    case ipc::Type::Bans:
      return take(ipc::Bans{}, [&](const auto& bans) { on_answer(slot, bans); });
    case ipc::Type::Limits:
      return take(ipc::Limits{}, [&](const auto& limits) { on_answer(slot, limits); });
    case ipc::Type::Busiest:
      return take(ipc::Busiest{}, [&](const auto& busiest) { on_answer(slot, busiest); });
    default:
      return take(ipc::Sessions{}, [&](const auto& sessions) { on_answer(slot, sessions); });
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

void Supervisor::end_unless(Slot& slot, const base::Status& sent) {
  // One that has died is told of by SIGCHLD, with the true reason.
  if (!sent && sent.error().system_error != EPIPE) end(slot, sent.error().reason);
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
  if (slot.id.role == ipc::Role::Deliver) {
    send(slot, ipc::Directory{ipc::Directory::Kind::Spool}, copy(resources_.spool_root));
    if (resources_.state_root)
      send(slot, ipc::Directory{ipc::Directory::Kind::State}, copy(resources_.state_root));
  }
  connect_new(slot);
  send(slot, ipc::Confine{});
}

void Supervisor::on_confined(Slot& slot, const ipc::Confined& confined) {
  slot.confined = true;
  slot.failures_in_a_row = 0;
  for (const std::string& warning : confined.warnings)
    obs::log_trouble(ipc::name_of(slot.id), warning);
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
    if (!slot.unanswered) {
      slot.unanswered = base::Duration::zero();
      send(slot, ipc::Ping{last_ping_});
    } else if ((*slot.unanswered += kPingInterval) >= config_.workers.ping_timeout) {
      end(slot, "its event loops did not answer in time");
    }
  }
  loop_.after(kPingInterval, [this] { ping_all(); });
}

void Supervisor::on_pong(Slot& slot, const ipc::Pong& pong) {
  if (!slot.unanswered || pong.number > last_ping_) return violate(slot, "Pong was not asked for");
  slot.unanswered.reset();
  if (slot.id.role == ipc::Role::Smtp) smtp_figures_ = pong;
}

bool Supervisor::healthy() const {
  return std::ranges::none_of(slots_, [&](const Slot& slot) {
    return row_of(slot.id.role).is_needed &&
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
  // One that we ended may have died of something else before, whose channel then failed.
  const bool ended = !slot.end_reason.empty() && is_killed(status);
  const std::string reason = ended ? slot.end_reason : common::describe_death(status);
  loop_.unwatch(slot.process->channel().fd());
  slot.process.reset();
  slot.confined = slot.serving = false;
  // One that is only starting knows none of its jobs, and may not hear of it yet.
  if (is_crash(status) && smtp().serving) send(smtp(), ipc::PeerCrashed{slot.id});
  if (stopping_) {
    // Without deliver smtp still has sessions to answer.
    if (slot.id.role == ipc::Role::Smtp) finish_stop();
    return;
  }
  if (reload_ && reload_->replaced == pid) {
    log_role(slot.id, pid, "ended");
    return spawn(slot);
  }
  if (slot.id.role == ipc::Role::Smtp) fail_questions();
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
  if (reload_ && row_of(slot.id.role).is_needed)
    finish_reload(program_of(slot.id) + " died: " + reason);
  if (reload_ && &slots_[reload_->taken] == &slot) ask_next_reload();
  // At once: it has shown that it can serve.
  if (confined && row_of(slot.id.role).is_needed) return spawn(slot);
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

bool Supervisor::is_answerable() {
  const Slot& smtp = this->smtp();
  return smtp.serving && smtp.end_reason.empty();
}

template <class Answer>
void Supervisor::on_answer(Slot& slot, const Answer& answer) {
  const auto found = questions_.find(answer.request);
  const auto* done =
      found != questions_.end() ? std::get_if<Done<Answer>>(&found->second) : nullptr;
  if (done == nullptr)
    return violate(slot, std::string(ipc::name_of(Answer::kType)) + " was not asked for");
  const Done<Answer> taken = *done;
  questions_.erase(found);
  taken(answer);
}

void Supervisor::fail_questions() {
  for (const auto& [number, question] : std::exchange(questions_, {}))
    std::visit([](const auto& done) { done(base::Error::temporary("postern-smtp died")); },
               question);
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
