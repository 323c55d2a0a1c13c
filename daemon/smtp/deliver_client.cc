// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/deliver_client.h"

#include <utility>

namespace smtp_role {
namespace {

constexpr const char* kDeliverAway = "the deliver process is away";

}  // namespace

void DeliverClient::connect(base::UniqueFd channel) {
  disconnect("the deliver process was replaced");
  channel_ = PeerChannel::open(loop_, std::move(channel), ipc::State::FromDeliver, "deliver",
                               {[this](ipc::Message& message) { return handle(message); },
                                [this](const std::string& reason) {
                                  disconnect(reason);
                                  if (lost_) lost_();
                                }});
}

void DeliverClient::disconnect(const std::string& reason) {
  free_bytes_ = kAway;
  if (channel_ == nullptr) return;
  std::exchange(channel_, nullptr)->close();
  auto lost = std::exchange(pending_, {});
  for (auto& [message, pending] : lost) fail(message, pending, reason);
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
    // Without a channel deliver has forgotten it already.
    if (channel_ != nullptr) channel_->send(ipc::Discard{message});
  });
}

template <class Message>
void DeliverClient::send(const Message& message, Pending pending) {
  if (channel_ == nullptr) return fail(message.message, pending, kDeliverAway);
  auto fd = pending.part->seal();
  if (!fd) return fail(message.message, pending, fd.error().reason);
  pending_[message.message] = std::move(pending);
  channel_->send(message, std::move(*fd));
}

std::string DeliverClient::handle(const ipc::Message& message) {
  const auto take = [&]<class T>(T, auto use) -> std::string {
    const auto value = ipc::unpack<T>(message.body);
    return value ? use(*value) : "damaged body";
  };
  switch (message.type) {
    case ipc::Type::Appended:
      return take(ipc::Appended{}, [&](const auto& appended) { return finish(appended); });
    case ipc::Type::Delivered:
      return take(ipc::Delivered{}, [&](const auto& delivered) { return finish(delivered); });
    default:
      return take(ipc::Space{}, [&](const auto& space) {
        free_bytes_ = space.free_bytes;
        return std::string();
      });
  }
}

std::string DeliverClient::finish(const ipc::Appended& appended) {
  auto found = pending_.extract(appended.message);
  if (found.empty() || !found.mapped().appended) return "an answer to nothing that was asked";
  found.mapped().appended(appended);
  return {};
}

std::string DeliverClient::finish(const ipc::Delivered& delivered) {
  auto found = pending_.extract(delivered.message);
  if (found.empty() || !found.mapped().delivered) return "an answer to nothing that was asked";
  found.mapped().delivered(delivered);
  return {};
}

}  // namespace smtp_role
