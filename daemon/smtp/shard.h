// SPDX-License-Identifier: Apache-2.0
// One thread with its event loop and its share of the connections.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "daemon/smtp/services.h"
#include "daemon/smtp/session_handler.h"
#include "ipc/messages.h"
#include "net/connection.h"
#include "net/event_loop.h"

namespace smtp_role {

// All calls from any thread.
class Shard {
 public:
  explicit Shard(Services& services);
  ~Shard();  // ends the thread; open connections are dropped
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  void adopt(Arrival arrival);
  void shut_down_sessions();  // graceful, each as smtp::Session::shut_down() says
  void abort_sessions(std::string_view reason);  // `reason` of static lifetime
  void make_room();  // sessions that stand still for too long end, for others need their places

  // Calls back in the shard's thread.
  void ping(std::function<void()> turned);
  void list(std::function<void(std::vector<ipc::Sessions::Row>)> listed);

 private:
  struct Entry {
    std::unique_ptr<SessionHandler> handler;
    std::unique_ptr<net::Connection> connection;
  };
  void add(Arrival& arrival);
  SessionHandler::ShardLink link_for(std::uint64_t id);
  static ipc::Sessions::Row row_of(const Entry& entry);
  template <class Action>
  void for_each(Action action);  // action(entry), in the shard's thread

  Services& services_;
  net::EventLoop loop_;
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::uint64_t last_id_ = 0;
  bool shutting_down_ = false;
  std::thread thread_;
};

}  // namespace smtp_role
