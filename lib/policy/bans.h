// SPDX-License-Identifier: Apache-2.0
// Networks that are refused for a time: by a limit that they went far beyond, or by an
// administrator. The times are those of the wall clock, for they outlive the process.
//
// Threads: any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "base/time.h"
#include "policy/limit.h"
#include "policy/settings.h"

namespace policy {

inline constexpr std::size_t kMaxBans = 10000;   // those that are over and remembered too
inline constexpr std::size_t kMaxBanText = 200;  // octets of a reason, or of the evidence
inline constexpr std::size_t kMaxBanLine = 600;  // octets, in the state file
inline constexpr std::chrono::hours kLongestAddedBan{365 * 24};
// A shorter prefix is refused: that is half the world, and the administrator with it.
inline constexpr int kLeastBanPrefixV4 = 8;
inline constexpr int kLeastBanPrefixV6 = 16;

struct Ban {
  base::Network network;
  std::string cause;     // the name of a limit, or "administrator"
  std::string reason;    // for the client too; this and `evidence` are printable ASCII
  std::string evidence;  // what was seen, and in which session
  base::WallTime since;
  base::WallTime until;
  unsigned times = 1;  // this one, and those before that ended less than ban_max ago

  bool by_administrator() const;
};

class Bans {
 public:
  Bans() = default;
  Bans(const Bans&) = delete;
  Bans& operator=(const Bans&) = delete;

  // Of those in force that hold the address, the one that ends last.
  std::optional<Ban> find(const base::IpAddress& client, base::WallTime now) const;

  // A new ban, for ban_for times two for each that the network had before, up to ban_max. Nothing:
  // the network is banned already, or all places are taken by bans that administrators added.
  std::optional<Ban> impose(const base::Network& network, Limit limit, std::string_view evidence,
                            const LimitSettings& settings, base::WallTime now);
  // An administrator's, in place of the one that the network may have. An error says what is wrong.
  base::Result<Ban> add(const base::Network& network, std::chrono::milliseconds duration,
                        std::string_view reason, base::WallTime now);
  // Forgets what there is of exactly this network; false: it has no ban in force.
  bool lift(const base::Network& network, base::WallTime now);

  std::vector<Ban> list(base::WallTime now) const;  // in force, by network
  std::size_t count(base::WallTime now) const;      // in force

  // How often they were changed by the calls above.
  std::uint64_t changes() const { return changes_; }

  // For the state file, those that are over and remembered too.
  std::string text() const;
  // What text() gave. A network that has a ban by now keeps it. How many lines were not understood,
  // or found no room.
  std::size_t load(std::string_view text);

 private:
  using Length = std::pair<bool, int>;  // IPv4?, bits
  void put(Ban ban);
  void forget(std::map<base::Network, Ban>::iterator ban);
  bool make_room(base::WallTime now);
  void forget_old(const LimitSettings& settings, base::WallTime now);

  mutable std::shared_mutex mutex_;
  std::map<base::Network, Ban> bans_;      // a tree: strangers cannot make it slow
  std::map<Length, std::size_t> lengths_;  // how many bans have it
  std::atomic<bool> empty_{true};
  std::atomic<std::uint64_t> changes_{0};
};

}  // namespace policy
