// SPDX-License-Identifier: Apache-2.0
// The supervisor's part that gives smtp and the others their channels.
#include <algorithm>
#include <utility>

#include "daemon/supervisor/role_table.h"
#include "daemon/supervisor/supervisor.h"

namespace supervisor {
namespace {

constexpr std::chrono::seconds kPeerInterval{1};
constexpr std::chrono::milliseconds kPeerPatience{100};

}  // namespace

// Whichever of two comes later brings the channel between them.
void Supervisor::connect_new(Slot& new_one) {
  if (row_of(new_one.id.role).talks_to_smtp) return connect_to_smtp(new_one);
  if (new_one.id.role != ipc::Role::Smtp) return;
  for (Slot& slot : slots_)
    if (row_of(slot.id.role).talks_to_smtp) connect_to_smtp(slot);
}

void Supervisor::connect_to_smtp(Slot& peer) {
  const auto ready = [](Slot& slot) {
    return slot.process && slot.end_reason.empty() &&
           slot.process->channel().state() != ipc::State::RoleStarting;
  };
  if (!ready(smtp()) || !ready(peer)) return;
  peer.connected = base::now();
  auto ends = ipc::Channel::make_pair();
  if (!ends) return end(peer, ends.error().reason);
  send(peer, ipc::Peer{smtp().id}, std::move(ends->first));
  send(smtp(), ipc::Peer{peer.id}, std::move(ends->second));
}

// Who smtp speaks of; nothing, and its end: it is not smtp, or may not say that of this one.
Supervisor::Slot* Supervisor::peer_named(Slot& by, const ipc::RoleId& id, bool may_say) {
  Slot* peer = find(id);
  const bool allowed = by.id.role == ipc::Role::Smtp && peer && may_say;
  if (!allowed) violate(by, "it may not speak of the channels of others");
  return allowed ? peer : nullptr;
}

// Either the other has died, which SIGCHLD is about to tell, or it found that smtp had said what it
// may not. An smtp that asks without end gets one channel in a while.
void Supervisor::reconnect_to_smtp(Slot& peer) {
  if (std::exchange(peer.reconnecting, true)) return;
  const auto before = peer.connected;
  loop_.at(std::max(base::now() + kPeerPatience, before + kPeerInterval), [this, before, &peer] {
    peer.reconnecting = false;
    // A new one may have brought its channel meanwhile.
    if (peer.connected == before) connect_to_smtp(peer);
  });
}

// One that is younger than smtp's patience is not the one that smtp has waited for.
void Supervisor::replace_stuck(Slot& slot) {
  if (!slot.process || !slot.end_reason.empty()) return;
  if (base::now() - slot.process->started() < kPeerInterval) return;
  end(slot, "it did not end its work in time");
}

}  // namespace supervisor
