// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/deliver_client.h"

#include <utility>

#include "obs/log.h"

namespace smtp_role {
namespace {

constexpr const char* kDeliverAway = "the deliver process is away";
constexpr const char* kAnyMailbox = "any of its mailboxes";

void log_violation(const std::string& reason) {
  obs::Line(obs::Event::ipc_violation).token("peer", "deliver").text("reason", reason).write();
}

}  // namespace

void DeliverClient::connect(base::UniqueFd channel) {
  disconnect("the deliver process was replaced");
  link_ = net::ChannelLink::make(
      loop_, std::move(channel), ipc::State::FromDeliver,
      {[this](ipc::Message& message) { return handle(message); },
       [this](const std::string& reason, bool violation) {
         if (violation) log_violation(reason);
         disconnect(violation ? "the deliver process sent nonsense" : reason);
         if (lost_) lost_();
       }});
  state_.connect(link_);
}

void DeliverClient::disconnect(const std::string& reason) {
  free_bytes_ = kAway;
  if (link_ == nullptr) return;
  std::exchange(link_, nullptr)->close();
  state_.disconnect();
  for (auto& [message, pending] : std::exchange(pending_, {}))
    fail(message, pending, reason, {kAnyMailbox});
}

void DeliverClient::fail(std::uint64_t message, Pending& pending, const std::string& reason,
                         std::vector<std::string> possible_duplicates) {
  if (pending.appended) pending.appended({message, reason, false}, nullptr);
  if (pending.delivered)
    pending.delivered(
        {message, ipc::Delivered::Outcome::Failed, reason, std::move(possible_duplicates)});
}

std::optional<std::uint64_t> DeliverClient::free_bytes() const {
  const std::uint64_t bytes = free_bytes_;
  return bytes == kAway ? std::nullopt : std::optional(bytes);
}

void DeliverClient::append(std::uint64_t message, std::shared_ptr<MessagePart> part,
                           AppendDone done) {
  // std::function wants something it could copy.
  auto pending = std::make_shared<Pending>(Pending{std::move(part), std::move(done), {}, {}});
  loop_.post([this, message, pending] {
    const std::uint64_t size = pending->part->size();
    send(ipc::Append{message, size}, std::move(*pending));
  });
}

void DeliverClient::deliver(std::uint64_t message, std::shared_ptr<MessagePart> last_part,
                            StoredHeader header, std::uint64_t appended_bytes, DeliverDone done) {
  auto request = std::make_shared<ipc::Deliver>(
      ipc::Deliver{message, appended_bytes, last_part->size(), {}, {}});
  request->trace = std::move(header.trace);
  for (spool::Copy& copy : header.copies)
    request->copies.push_back({std::move(copy.mailbox.domain), std::move(copy.mailbox.name),
                               std::move(copy.mailbox.folder), std::move(copy.header)});
  auto pending = std::make_shared<Pending>(Pending{std::move(last_part), {}, std::move(done), {}});
  loop_.post([this, request, pending] { send(*request, std::move(*pending)); });
}

void DeliverClient::discard(std::uint64_t message) {
  loop_.post([this, message] {
    if (link_ != nullptr) link_->send(ipc::Discard{message});  // else deliver has forgotten it
  });
}

template <class Message>
void DeliverClient::send(const Message& message, Pending pending) {
  if (link_ == nullptr) return fail(message.message, pending, kDeliverAway);
  auto fd = pending.part->seal();
  if (!fd) return fail(message.message, pending, fd.error().reason);
  pending_[message.message] = std::move(pending);
  link_->send(message, *fd);
}

bool DeliverClient::handle(ipc::Message& message) {
  const auto take = [&]<class T>(T, auto use) {
    const auto value = ipc::unpack<T>(message.body);
    return value && use(*value);
  };
  switch (message.type) {
    case ipc::Type::Collecting: {
      const auto collecting = ipc::unpack<ipc::Collecting>(message.body);
      return collecting && take_file(*collecting, std::move(*message.fd));
    }
    case ipc::Type::KeptState: {
      const auto kept = ipc::unpack<ipc::KeptState>(message.body);
      return kept && state_.take(*kept, *message.fd);
    }
    case ipc::Type::StateSaved: {
      const auto saved = ipc::unpack<ipc::StateSaved>(message.body);
      return saved && state_.take(*saved);
    }
    case ipc::Type::Appended:
      return take(ipc::Appended{}, [&](const auto& appended) { return finish(appended); });
    case ipc::Type::Delivered:
      return take(ipc::Delivered{}, [&](const auto& delivered) { return finish(delivered); });
    default:
      return take(ipc::Space{}, [&](const auto& space) {
        free_bytes_ = space.free_bytes;
        return true;
      });
  }
}

bool DeliverClient::take_file(const ipc::Collecting& collecting, base::UniqueFd file) {
  const auto found = pending_.find(collecting.message);
  if (found == pending_.end() || !found->second.appended || found->second.file != nullptr)
    return false;
  found->second.file = base::share(std::move(file));
  return true;
}

std::optional<DeliverClient::Pending> DeliverClient::take_pending(std::uint64_t message,
                                                                  bool is_part) {
  const auto found = pending_.find(message);
  if (found == pending_.end()) return std::nullopt;
  const bool fits =
      is_part ? found->second.appended != nullptr : found->second.delivered != nullptr;
  if (!fits) return std::nullopt;
  return std::move(pending_.extract(found).mapped());
}

bool DeliverClient::finish(const ipc::Appended& appended) {
  const auto pending = take_pending(appended.message, true);
  if (pending) pending->appended(appended, pending->file);
  return pending.has_value();
}

bool DeliverClient::finish(const ipc::Delivered& delivered) {
  const auto pending = take_pending(delivered.message, false);
  if (pending) pending->delivered(delivered);
  return pending.has_value();
}

}  // namespace smtp_role
