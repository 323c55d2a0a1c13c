// SPDX-License-Identifier: Apache-2.0
// An ipc::Channel on an event loop: messages out, messages in, and one call when it ends.
//
// Threads: that of the loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "ipc/channel.h"
#include "net/event_loop.h"

namespace net {

class ChannelLink : public std::enable_shared_from_this<ChannelLink> {
 public:
  struct Callbacks {
    // False: the message makes no sense there, which ends the link.
    std::function<bool(ipc::Message& message)> message;
    // Once; nothing is called after it. `violation`: the other side said what it may not, or lives
    // and takes nothing. May come within send(), and may drop the link.
    std::function<void(const std::string& reason, bool violation)> ended;
  };

  // `state`: what may come in first. `loop` must outlive the link.
  static std::shared_ptr<ChannelLink> make(EventLoop& loop, base::UniqueFd socket, ipc::State state,
                                           Callbacks callbacks);
  ~ChannelLink();

  // After the end it does nothing. `fd` as for ipc::Channel::send().
  template <class Message>
  void send(const Message& message, const base::SharedFd& fd = nullptr) {
    const auto self = shared_from_this();
    if (channel_) after_sending(channel_->send(message, fd));
  }
  template <class Message>
  void send(const Message& message, base::UniqueFd fd) {
    send(message, base::share(std::move(fd)));
  }

  // That are sent, but not yet on their way; see ipc::kMaxQueuedBytes.
  std::size_t queued_bytes() const { return channel_ ? channel_->queued_bytes() : 0; }

  // Ends it without a call.
  void close();

 private:
  ChannelLink(EventLoop& loop, base::UniqueFd socket, ipc::State state, Callbacks callbacks);
  void start();
  void on_readable();
  void after_sending(const base::Status& sent);
  void end(const std::string& reason, bool violation);

  EventLoop& loop_;
  std::optional<ipc::Channel> channel_;  // nothing after the end
  // Shared: one of them may end the link while it runs.
  std::shared_ptr<const Callbacks> callbacks_;
  std::unique_ptr<EventLoop::Watch> readable_;
  std::unique_ptr<EventLoop::Watch> writable_;
};

}  // namespace net
