// SPDX-License-Identifier: Apache-2.0
// The SMTP service: listeners, shards, and the orderly end.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/smtp/services.h"
#include "daemon/smtp/shard.h"
#include "net/event_loop.h"
#include "net/listener.h"

namespace smtp_role {

// A listening socket with what its configuration says about it.
struct Socket {
  base::UniqueFd fd;
  policy::ListenerAccess access;
  bool implicit_tls = false;
};

class Service {
 public:
  Service(const Services& services, std::vector<Socket> sockets, unsigned threads,
          std::chrono::milliseconds shutdown_grace);
  ~Service();

  // Serves until SIGTERM or SIGINT, then ends: listeners closed, running transactions finish within
  // the grace time, all others get 421; a second signal ends it at once. When it returns no session
  // is left. Call from the main thread, which takes the signals and accepts.
  void run();

 private:
  void listen(Socket socket);
  void adopt(base::UniqueFd fd, const base::Endpoint& peer, const policy::ListenerAccess& access,
             bool implicit_tls);
  std::string next_session_id();
  void on_stop_signal(const char* name);
  void begin_drain(const char* reason);
  void abort_sessions(std::string_view reason);
  void watch_drain();

  const Services& services_;
  std::vector<Socket> sockets_;
  const std::chrono::milliseconds shutdown_grace_;
  net::EventLoop loop_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::size_t next_shard_ = 0;
  std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
  std::unique_ptr<net::EventLoop::Watch> drain_watch_;
  std::optional<base::Instant> drain_until_;
  std::uint64_t sessions_ = 0;
};

}  // namespace smtp_role
