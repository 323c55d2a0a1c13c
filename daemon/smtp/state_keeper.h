// SPDX-License-Identifier: Apache-2.0
// Has bans and history of the gate survive a restart: loads them once, and saves what changed.
// Threads: the main loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "daemon/smtp/services.h"
#include "ipc/messages.h"
#include "net/event_loop.h"

namespace smtp_role {

class StateKeeper {
 public:
  // Both must outlive this.
  StateKeeper(net::EventLoop& loop, Services& services);

  void save();  // what changed since the last time, now and not only at the next turn

 private:
  void load(ipc::StateKind kind, const std::string& text);
  void save_bans();
  void save_history();

  Services& services_;
  std::uint64_t saved_bans_ = 0;  // their changes when they were saved
  std::uint64_t saved_history_ = 0;
  std::unique_ptr<net::EventLoop::Watch> bans_timer_;
  std::unique_ptr<net::EventLoop::Watch> history_timer_;
};

}  // namespace smtp_role
