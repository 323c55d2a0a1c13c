// SPDX-License-Identifier: Apache-2.0
// How many connections are open, in all and per client network, and whether one more may be.
// Threads: any.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/ip_address.h"
#include "policy/settings.h"
#include "smtp/reply.h"

namespace policy {

// One counting unit per client: an IPv4 address, or the /64 that an IPv6 host usually has.
base::Network client_network(const base::IpAddress& address);

class Connections {
 public:
  explicit Connections(ConnectionLimits limits) : limits_(std::move(limits)) {}
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // Counts one connection for as long as it lives; must not outlive the table.
  class Slot {
   public:
    Slot(Slot&& other) noexcept : table_(other.table_), network_(other.network_) {
      other.table_ = nullptr;
    }
    Slot& operator=(Slot&&) = delete;
    ~Slot();

   private:
    friend class Connections;
    Slot(Connections* table, const base::Network& network) : table_(table), network_(network) {}
    Connections* table_;
    base::Network network_;
  };

  struct Admission {
    std::optional<Slot> slot;            // set when the client may stay
    std::optional<smtp::Reply> refusal;  // else: what to tell it
  };
  Admission admit(const base::IpAddress& client, const ListenerAccess& access);

  // Counts for connections to come; the open ones stay.
  void set_limits(ConnectionLimits limits);

  std::size_t open() const;

 private:
  void release(const base::Network& network);

  mutable std::mutex mutex_;
  ConnectionLimits limits_;
  std::size_t total_ = 0;
  std::map<base::Network, std::size_t> per_network_;  // only networks with open connections
};

}  // namespace policy
