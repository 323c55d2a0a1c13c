// SPDX-License-Identifier: Apache-2.0
#include "policy/connections.h"

#include "smtp/replies.h"

namespace policy {
namespace {

bool has_access(const ListenerAccess& access, const base::IpAddress& client) {
  return (access.allow.empty() || base::any_contains(access.allow, client)) &&
         !base::any_contains(access.deny, client);
}

}  // namespace

base::Network client_network(const base::IpAddress& address) {
  return base::Network::around(address, address.is_v4() ? 32 : 64);
}

Connections::Admission Connections::admit(const base::IpAddress& client,
                                          const ListenerAccess& access) {
  if (!has_access(access, client)) return {std::nullopt, smtp::replies::access_denied()};
  const base::Network network = client_network(client);
  const std::lock_guard lock(mutex_);
  if (total_ >= limits_.total_connections) return {std::nullopt, smtp::replies::server_busy()};
  const auto entry = per_network_.find(network);
  const std::size_t open = entry == per_network_.end() ? 0 : entry->second;
  if (open >= limits_.connections && !base::any_contains(limits_.exempt, client))
    return {std::nullopt, smtp::replies::too_many_connections()};
  ++total_;
  per_network_[network] = open + 1;
  return {Slot(this, network), std::nullopt};
}

void Connections::set_limits(ConnectionLimits limits) {
  const std::lock_guard lock(mutex_);
  limits_ = std::move(limits);
}

std::size_t Connections::open() const {
  const std::lock_guard lock(mutex_);
  return total_;
}

void Connections::release(const base::Network& network) {
  const std::lock_guard lock(mutex_);
  --total_;
  const auto entry = per_network_.find(network);
  if (--entry->second == 0) per_network_.erase(entry);
}

Connections::Slot::~Slot() {
  if (table_ != nullptr) table_->release(network_);
}

}  // namespace policy
