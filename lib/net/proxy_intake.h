// SPDX-License-Identifier: Apache-2.0
// Between the acceptor and the sessions: connections from our own proxies wait here until their
// PROXY header has come and tells who the client is. Nothing is said to them, and no byte behind
// the header is taken.
//
// Lifetime: connections that still wait are closed with it. Threads: the loop's only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>

#include "base/ip_address.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "net/event_loop.h"
#include "smtp/proxy_header.h"

namespace net {

struct ProxyLimits {
  // Connections that wait at one moment; they are not counted for a client yet. A proxy sends its
  // header at once, so when there are more the oldest are those that never will.
  std::size_t waiting = 1000;
  // All of the header, from the connection on. At least 3 s, for a segment may be lost
  // (proxy-protocol.txt section 2).
  base::Duration timeout = std::chrono::seconds(10);
};

class ProxyIntake {
 public:
  // `client`: nothing when the header names none and the proxy itself is the client.
  using Adopt = std::function<void(base::UniqueFd, const std::optional<base::Endpoint>& client)>;
  // The connection is closed. `reason` is a log token: proxy_timeout, proxy_invalid or proxy_eof.
  // So is `detail`: what is invalid, or "crowded" for one that gave way before its time; or empty.
  using Failed = std::function<void(const base::Endpoint& proxy, std::string_view reason,
                                    std::string_view detail)>;

  // `loop` must outlive this. Neither callback may destroy it.
  ProxyIntake(EventLoop& loop, Failed failed, const ProxyLimits& limits = {});
  ProxyIntake(const ProxyIntake&) = delete;
  ProxyIntake& operator=(const ProxyIntake&) = delete;

  // A connected socket, non-blocking. `adopt` is called at most once, from the loop.
  void take(base::UniqueFd fd, const base::Endpoint& proxy, Adopt adopt);
  std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    ProxyIntake& intake;
    std::uint64_t number;
    base::UniqueFd fd;
    base::Endpoint proxy;
    Adopt adopt;
    base::Instant deadline;
    smtp::ProxyHeader header = {};
    EventHandle event = nullptr;  // ends before its descriptor
  };
  void wait(Waiting& waiting);
  void read(Waiting& waiting);
  void adopt(Waiting& waiting);
  void fail(Waiting& waiting, std::string_view reason, std::string_view detail = {});
  static void ready(int fd, short what, void* self);

  EventLoop& loop_;
  Failed failed_;
  const ProxyLimits limits_;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, Waiting> waiting_;  // the oldest first
};

}  // namespace net
