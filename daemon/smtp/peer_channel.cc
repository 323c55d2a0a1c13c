// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/peer_channel.h"

#include "obs/log.h"

namespace smtp_role {

std::shared_ptr<PeerChannel> PeerChannel::open(net::EventLoop& loop, base::UniqueFd channel,
                                               ipc::State state, std::string peer,
                                               Handler handler) {
  const std::shared_ptr<PeerChannel> self(
      new PeerChannel(loop, std::move(channel), state, std::move(peer), std::move(handler)));
  self->readable_ =
      loop.on_readable(self->channel_.fd(), [raw = self.get()] { raw->on_readable(); });
  self->writable_ = loop.on_writable(self->channel_.fd(), [raw = self.get()] { raw->flush(); });
  return self;
}

void PeerChannel::close() {
  if (!std::exchange(open_, false)) return;
  readable_->pause();
  writable_->pause();
  channel_.close();
  // This may be a call from one of the watches.
  loop_.post([self = shared_from_this()] {});
}

void PeerChannel::end(const std::string& reason) {
  if (!open_) return;
  close();
  handler_.on_end(reason);
}

void PeerChannel::violate(const std::string& reason) {
  obs::Line(obs::Event::ipc_violation).token("peer", peer_).text("reason", reason).write();
  end(peer_ + " said what it may not");
}

void PeerChannel::flush() {
  if (const auto sent = channel_.flush(); !sent) return end(sent.error().reason);
  if (channel_.wants_write())
    writable_->resume();
  else
    writable_->pause();
}

void PeerChannel::on_readable() {
  const auto more = channel_.receive();
  while (open_) {
    auto message = channel_.next();
    if (!message) return violate(message.error().reason);
    if (!*message) break;
    const std::string fault = handler_.on_message(**message);
    if (!fault.empty()) return violate(ipc::name_of((*message)->type) + (": " + fault));
  }
  if (!more || !*more) end(peer_ + " has ended");
}

}  // namespace smtp_role
