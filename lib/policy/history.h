// SPDX-License-Identifier: Apache-2.0
// Networks with a good history: three messages from them passed DMARC within 30 days. Their clients
// need not wait for the greeting. Days are those of UTC, because that is fine enough and small.
//
// Threads: any. What changes nothing, and that is nearly all that a busy network does, takes a
// shared lock.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/time.h"
#include "policy/settings.h"

namespace policy {

inline constexpr std::size_t kGoodPasses = 3;
inline constexpr int kHistoryDays = 30;
inline constexpr std::size_t kMaxHistoryEntry = 32;  // bytes that are kept of a network
inline constexpr std::size_t kMaxHistoryLine = 80;   // octets, in the state file
// However many are tracked: what is kept of them must fit into the state file.
inline constexpr std::size_t kMaxHistoryNetworks = 200'000;

class History {
 public:
  // `networks`: at least one; kMaxHistoryNetworks are kept at most. When so many are known and one
  // more comes, the quarter whose last pass is the oldest is forgotten.
  explicit History(std::size_t networks) : most_(std::min(networks, kMaxHistoryNetworks)) {}
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // A message from the client passed DMARC.
  void add_pass(const base::IpAddress& client, const LimitSettings& settings, base::WallTime now);
  bool is_good(const base::IpAddress& client, const LimitSettings& settings,
               base::WallTime now) const;

  std::size_t networks() const;

  // How often it was changed by add_pass().
  std::uint64_t changes() const { return changes_; }

  // For the state file.
  std::string text() const;
  // What text() gave. A network that has passes by now keeps these. How many lines were not
  // understood, or found no room.
  std::size_t load(std::string_view text);

 private:
  using Day = std::uint16_t;                    // since 1970; 0: none
  using Passes = std::array<Day, kGoodPasses>;  // the last ones, the newest first
  // A tree: strangers cannot make it slow.
  using Networks = std::map<base::Network, Passes>;
  static_assert(sizeof(Networks::value_type) <= kMaxHistoryEntry);

  static Day day_of(base::WallTime time);
  static std::string line_of(const Networks::value_type& entry);
  bool take(std::string_view line);
  void make_room();

  const std::size_t most_;
  mutable std::shared_mutex mutex_;
  Networks networks_;
  std::atomic<std::uint64_t> changes_{0};
};

}  // namespace policy
