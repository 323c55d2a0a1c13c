// SPDX-License-Identifier: Apache-2.0
// The one acceptor that takes connections from a listening socket.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/ip_address.h"
#include "base/unique_fd.h"
#include "net/event_loop.h"

namespace net {

class Acceptor {
 public:
  using Adopt = std::function<void(base::UniqueFd, const base::Endpoint& peer)>;
  // Trouble that an administrator should know of: out of descriptors or memory. At most one a
  // second.
  using Trouble = std::function<void(const std::string& reason)>;

  // `loop` must outlive this. Takes connections, non-blocking and close-on-exec, until destroyed;
  // when the process is out of descriptors it waits a moment, and clients wait in the backlog. The
  // client that would take a spare one is dropped.
  Acceptor(EventLoop& loop, base::UniqueFd listener, Adopt adopt, Trouble trouble);

 private:
  void accept_some();
  void pause(int error_number);
  void resume();

  base::UniqueFd listener_;
  Adopt adopt_;
  Trouble trouble_;
  std::unique_ptr<EventLoop::Watch> readable_;
  std::unique_ptr<EventLoop::Watch> retry_;
  base::Instant last_trouble_{};
};

}  // namespace net
