// SPDX-License-Identifier: Apache-2.0
// Has bans and history of the gate survive a restart: loads them once, and saves what changed.
// Threads: the main loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "daemon/smtp/services.h"
#include "ipc/messages.h"
#include "net/event_loop.h"

namespace smtp_role {

class StateKeeper {
 public:
  // Both must outlive this.
  StateKeeper(net::EventLoop& loop, Services& services);

  // Calls back once, in this call or later: when all that was kept is loaded, or when it has not
  // come in time, which is told in the log.
  void await_load(std::function<void()> done);

  void save();  // what changed since the last time, now and not only at the next turn

 private:
  void end_wait();
  void load(ipc::StateKind kind, const std::string& text);
  void save_bans();
  void save_history();

  net::EventLoop& loop_;
  Services& services_;
  std::uint64_t saved_bans_ = 0;  // their changes when they were saved
  std::uint64_t saved_history_ = 0;
  std::set<ipc::StateKind> missing_{ipc::StateKind::Bans, ipc::StateKind::History};
  std::function<void()> awaiting_;
  std::unique_ptr<net::EventLoop::Watch> patience_;
  std::unique_ptr<net::EventLoop::Watch> bans_timer_;
  std::unique_ptr<net::EventLoop::Watch> history_timer_;
};

}  // namespace smtp_role
