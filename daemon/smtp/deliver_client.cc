// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/deliver_client.h"

#include <utility>

#include "obs/log.h"

namespace smtp_role {
namespace {

constexpr const char* kDeliverAway = "the deliver process is away";

void log_violation(const std::string& reason) {
  obs::Line(obs::Event::ipc_violation).token("peer", "deliver").text("reason", reason).write();
}

}  // namespace

void DeliverClient::connect(base::UniqueFd channel) {
  disconnect("the deliver process was replaced");
  channel_ = std::make_unique<ipc::Channel>(std::move(channel), ipc::State::FromDeliver);
  readable_ = loop_.on_readable(channel_->fd(), [this] { on_readable(); });
  writable_ = loop_.on_writable(channel_->fd(), [this] { flush(); });
  flush();
}

void DeliverClient::disconnect(const std::string& reason) {
  free_bytes_ = kAway;
  if (channel_ == nullptr) return;
  readable_->pause();
  writable_->pause();
  // Not at once: this may be a call from one of them.
  loop_.post([readable = std::shared_ptr(std::move(readable_)),
              writable = std::shared_ptr(std::move(writable_))] {});
  channel_.reset();
  auto lost = std::exchange(pending_, {});
  for (auto& [message, pending] : lost) fail(message, pending, reason);
}

void DeliverClient::lose(const std::string& reason) {
  disconnect(reason);
  if (lost_) lost_();
}

void DeliverClient::fail(std::uint64_t message, Pending& pending, const std::string& reason) {
  if (pending.appended) pending.appended({message, reason, false});
  if (pending.delivered) pending.delivered({message, ipc::Delivered::Outcome::Failed, reason, {}});
}

std::optional<std::uint64_t> DeliverClient::free_bytes() const {
  const std::uint64_t bytes = free_bytes_;
  return bytes == kAway ? std::nullopt : std::optional(bytes);
}

void DeliverClient::append(std::uint64_t message, std::unique_ptr<MessagePart> part,
                           AppendDone done) {
  // std::function wants something it could copy.
  auto pending = std::make_shared<Pending>(Pending{std::move(part), std::move(done), {}});
  loop_.post([this, message, pending] {
    const std::uint64_t size = pending->part->size();
    send(ipc::Append{message, size}, std::move(*pending));
  });
}

void DeliverClient::deliver(std::uint64_t message, std::unique_ptr<MessagePart> last_part,
                            std::vector<spool::Copy> copies, std::uint64_t appended_bytes,
                            DeliverDone done) {
  auto request =
      std::make_shared<ipc::Deliver>(ipc::Deliver{message, appended_bytes, last_part->size(), {}});
  for (spool::Copy& copy : copies)
    request->copies.push_back({std::move(copy.mailbox.domain), std::move(copy.mailbox.name),
                               std::move(copy.mailbox.folder), std::move(copy.header)});
  auto pending = std::make_shared<Pending>(Pending{std::move(last_part), {}, std::move(done)});
  loop_.post([this, request, pending] { send(*request, std::move(*pending)); });
}

void DeliverClient::discard(std::uint64_t message) {
  loop_.post([this, message] {
    if (channel_ == nullptr) return;  // deliver has forgotten it already
    if (const auto sent = channel_->send(ipc::Discard{message}); !sent)
      return lose(sent.error().reason);
    flush();
  });
}

template <class Message>
void DeliverClient::send(const Message& message, Pending pending) {
  if (channel_ == nullptr) return fail(message.message, pending, kDeliverAway);
  auto fd = pending.part->seal();
  if (!fd) return fail(message.message, pending, fd.error().reason);
  const auto sent = channel_->send(message, std::move(*fd));
  pending_[message.message] = std::move(pending);
  if (!sent) return lose(sent.error().reason);
  flush();
}

void DeliverClient::flush() {
  if (const auto sent = channel_->flush(); !sent) return lose(sent.error().reason);
  if (channel_->wants_write())
    writable_->resume();
  else
    writable_->pause();
}

void DeliverClient::on_readable() {
  const auto open = channel_->receive();
  while (channel_ != nullptr) {
    const auto message = channel_->next();
    if (!message) {
      log_violation(message.error().reason);
      return lose(message.error().reason);
    }
    if (!*message) break;
    handle(**message);
  }
  if (channel_ != nullptr && (!open || !*open)) lose("the deliver process has ended");
}

void DeliverClient::handle(const ipc::Message& message) {
  const auto take = [&]<class T>(T, auto use) {
    const auto value = ipc::unpack<T>(message.body);
    if (value) return use(*value);
    log_violation("damaged body");
    lose("the deliver process sent nonsense");
  };
  switch (message.type) {
    case ipc::Type::Appended:
      return take(ipc::Appended{}, [&](const auto& appended) { finish(appended); });
    case ipc::Type::Delivered:
      return take(ipc::Delivered{}, [&](const auto& delivered) { finish(delivered); });
    default:
      return take(ipc::Space{}, [&](const auto& space) { free_bytes_ = space.free_bytes; });
  }
}

void DeliverClient::finish(const ipc::Appended& appended) {
  auto found = pending_.extract(appended.message);
  if (found.empty() || !found.mapped().appended)
    return log_violation("an answer to nothing that was asked");
  found.mapped().appended(appended);
}

void DeliverClient::finish(const ipc::Delivered& delivered) {
  auto found = pending_.extract(delivered.message);
  if (found.empty() || !found.mapped().delivered)
    return log_violation("an answer to nothing that was asked");
  found.mapped().delivered(delivered);
}

}  // namespace smtp_role
