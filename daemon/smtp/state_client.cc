// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/state_client.h"

#include <algorithm>
#include <utility>

#include "daemon/common/sealed_memory.h"
#include "obs/log.h"
#include "spool/state_file.h"

namespace smtp_role {
namespace {

constexpr std::chrono::seconds kRetryInterval{30};  // of what could not be written

}  // namespace

StateClient::StateClient(net::EventLoop& loop)
    : entries_{{ipc::StateKind::Bans, {}}, {ipc::StateKind::History, {}}},
      retry_(loop.every(kRetryInterval, [this] { try_again(); })) {}

void StateClient::save(ipc::StateKind kind, std::string_view bytes) {
  if (bytes.size() > spool::kMaxStateFile)
    return obs::log_trouble("state",
                            "too much state to keep: " + std::to_string(bytes.size()) + " bytes");
  auto memory = common::sealed_memory("postern-state", bytes);
  if (!memory) return obs::log_trouble("state", memory.error().reason);
  Entry& entry = entries_.at(kind);
  entry.newest = base::share(std::move(*memory));
  entry.size = bytes.size();
  entry.unsaved = true;
  entry.failed = false;
  send_on(kind, entry);
}

bool StateClient::settled() const {
  return link_ == nullptr || std::ranges::none_of(entries_, [](const auto& row) {
           return row.second.sent || (row.second.unsaved && !row.second.failed);
         });
}

void StateClient::send_on(ipc::StateKind kind, Entry& entry) {
  if (link_ == nullptr || !entry.loaded || !entry.unsaved || entry.sent || entry.failed) return;
  entry.unsaved = false;
  entry.sent = true;
  link_->send(ipc::SaveState{kind, entry.size}, entry.newest);  // may come back by disconnect()
}

void StateClient::try_again() {
  for (auto& [kind, entry] : entries_) {
    entry.failed = false;
    send_on(kind, entry);
  }
}

void StateClient::connect(std::shared_ptr<net::ChannelLink> link) {
  link_ = std::move(link);
  // Whether the last deliver wrote all of it before it ended is not known.
  for (auto& [kind, entry] : entries_) entry.unsaved = entry.newest != nullptr;
  try_again();
}

void StateClient::disconnect() {
  link_ = nullptr;
  for (auto& [kind, entry] : entries_) entry.sent = false;
}

bool StateClient::take(const ipc::KeptState& kept, const base::UniqueFd& memory) {
  if (kept.size > spool::kMaxStateFile || !common::is_sealed_memory(memory.get(), kept.size))
    return false;
  Entry& entry = entries_.at(kept.kind);
  if (std::exchange(entry.loaded, true)) return true;
  const auto bytes = common::read_sealed_memory(memory.get());
  if (!bytes) obs::log_trouble("state", bytes.error().reason);
  if (bytes && loaded_) loaded_(kept.kind, *bytes);
  send_on(kept.kind, entry);
  return true;
}

bool StateClient::take(const ipc::StateSaved& saved) {
  Entry& entry = entries_.at(saved.kind);
  if (!std::exchange(entry.sent, false)) return false;
  // Something newer needs no pause: it is another try.
  if (!saved.error.empty() && !entry.unsaved) entry.unsaved = entry.failed = true;
  send_on(saved.kind, entry);
  return true;
}

}  // namespace smtp_role
