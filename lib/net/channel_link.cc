// SPDX-License-Identifier: Apache-2.0
#include "net/channel_link.h"

#include <cerrno>
#include <utility>

namespace net {

ChannelLink::ChannelLink(EventLoop& loop, base::UniqueFd socket, ipc::State state,
                         Callbacks callbacks)
    : loop_(loop),
      channel_(std::in_place, std::move(socket), state),
      callbacks_(std::make_shared<const Callbacks>(std::move(callbacks))) {}

std::shared_ptr<ChannelLink> ChannelLink::make(EventLoop& loop, base::UniqueFd socket,
                                               ipc::State state, Callbacks callbacks) {
  std::shared_ptr<ChannelLink> link(
      new ChannelLink(loop, std::move(socket), state, std::move(callbacks)));
  link->start();
  return link;
}

ChannelLink::~ChannelLink() { close(); }

void ChannelLink::start() {
  readable_ = loop_.on_readable(channel_->fd(), [this] { on_readable(); });
  writable_ = loop_.on_writable(channel_->fd(), [this] {
    const auto self = shared_from_this();
    after_sending(channel_->flush());
  });
  writable_->pause();
}

void ChannelLink::close() {
  if (!channel_) return;
  readable_->pause();
  writable_->pause();
  // Not at once: this may be a call from one of them.
  loop_.post([readable = std::shared_ptr(std::move(readable_)),
              writable = std::shared_ptr(std::move(writable_))] {});
  channel_.reset();
  callbacks_.reset();
}

void ChannelLink::end(const std::string& reason, bool violation) {
  const auto callbacks = callbacks_;
  close();
  callbacks->ended(reason, violation);
}

void ChannelLink::after_sending(const base::Status& sent) {
  if (!sent) return end(sent.error().reason, sent.error().system_error != EPIPE);
  if (channel_->wants_write())
    writable_->resume();
  else
    writable_->pause();
}

void ChannelLink::on_readable() {
  const auto self = shared_from_this();
  const auto callbacks = callbacks_;
  const auto open = channel_->receive();
  while (channel_) {
    auto message = channel_->next();
    if (!message) return end(message.error().reason, true);
    if (!*message) break;
    const bool fits = callbacks->message(**message);
    if (channel_ && !fits)
      return end(std::string(ipc::name_of((*message)->type)) + ": makes no sense", true);
  }
  if (channel_ && !open) return end(open.error().reason, false);
  if (channel_ && !*open) end("the other process has ended", false);
}

}  // namespace net
