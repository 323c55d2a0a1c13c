// SPDX-License-Identifier: Apache-2.0
// A serving role's end of the channel to the supervisor. When that channel ends, so does the role,
// as soon as its log is written (a second, where nobody takes it): nothing is acknowledged that the
// supervisor's successor would have to know of.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/unique_fd.h"
#include "ipc/channel.h"
#include "ipc/messages.h"

namespace common {

class RoleHandler {
 public:
  virtual ~RoleHandler() = default;
  virtual void on_serve() = 0;
  // Answer with Pong when every event loop of the role has turned.
  virtual void on_ping(std::uint64_t number) = 0;
  // Answer with Reloaded.
  virtual void on_reload(std::uint64_t generation, base::UniqueFd settings) = 0;
  // Answer with Drained when nothing is left to finish.
  virtual void on_drain(std::chrono::milliseconds grace) = 0;
  virtual void on_peer(const ipc::RoleId& peer, base::UniqueFd channel) = 0;
  // The peer died as a process does that is broken, not as one that was ended from outside.
  virtual void on_peer_crashed(const ipc::RoleId&) {}
  virtual void on_list_sessions(std::uint64_t request) = 0;
  // Only smtp is asked these.
  virtual void on_question(const ipc::ManageBans&) {}
  virtual void on_question(const ipc::ShowLimits&) {}
  virtual void on_question(const ipc::ListBusiest&) {}
};

class SupervisorLink {
 public:
  // `handler` must outlive this.
  SupervisorLink(ipc::Channel channel, RoleHandler& handler)
      : channel_(std::move(channel)), handler_(handler) {}

  // For the role's event loop.
  int fd() const { return channel_.fd(); }
  bool wants_write() const { return channel_.wants_write(); }
  void on_readable();
  void on_writable();

  template <class Message>
  void send(const Message& message) {
    end_unless(channel_.send(message));
  }

 private:
  void handle(ipc::Message& message);
  void end_unless(const base::Status& status);
  [[noreturn]] static void end_in_peace();
  [[noreturn]] static void end(const std::string& reason);

  ipc::Channel channel_;
  RoleHandler& handler_;
};

}  // namespace common
