// SPDX-License-Identifier: Apache-2.0
// The channel to another role, watched by an event loop.
//
// The loop's thread only. It may be closed and let go inside a call from it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/unique_fd.h"
#include "ipc/channel.h"
#include "net/event_loop.h"

namespace smtp_role {

class PeerChannel : public std::enable_shared_from_this<PeerChannel> {
 public:
  struct Handler {
    // What is wrong with the message; empty: nothing.
    std::function<std::string(ipc::Message&)> on_message;
    // Once, and nothing after it, unless it was closed before: the other side has ended, said what
    // it may not, which was logged, or does not read.
    std::function<void(const std::string& reason)> on_end;
  };

  // `loop` must outlive the calls. `peer` is its name in the log and in reasons.
  static std::shared_ptr<PeerChannel> open(net::EventLoop& loop, base::UniqueFd channel,
                                           ipc::State state, std::string peer, Handler handler);

  // on_end() may be called from inside.
  template <class Message>
  void send(const Message& message, std::optional<base::UniqueFd> fd = std::nullopt) {
    if (!open_) return;
    if (const auto sent = channel_.send(message, std::move(fd)); !sent)
      return end(sent.error().reason);
    flush();
  }
  void close();

 private:
  PeerChannel(net::EventLoop& loop, base::UniqueFd channel, ipc::State state, std::string peer,
              Handler handler)
      : loop_(loop),
        channel_(std::move(channel), state),
        peer_(std::move(peer)),
        handler_(std::move(handler)) {}
  void on_readable();
  void flush();
  void violate(const std::string& reason);
  void end(const std::string& reason);

  net::EventLoop& loop_;
  ipc::Channel channel_;
  const std::string peer_;
  const Handler handler_;
  bool open_ = true;
  std::unique_ptr<net::EventLoop::Watch> readable_;
  std::unique_ptr<net::EventLoop::Watch> writable_;
};

}  // namespace smtp_role
