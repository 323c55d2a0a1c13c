// SPDX-License-Identifier: Apache-2.0
// The accounts of all networks of late: bounded, and shared by all threads without a lock that is
// common to them. When it is full, the network that did nothing for longest and has no connection
// makes room for another.
//
// The wide network is asked first: when it is full, the many narrow ones in it, which a client may
// have for nothing (of an IPv6 /48, 65536), find no place here that others then lose.
//
// Threads: any. Settings come with every call, so that a session may keep those it began with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/siphash.h"
#include "base/time.h"
#include "policy/limit.h"
#include "policy/network_account.h"
#include "policy/settings.h"

namespace policy {

inline constexpr std::size_t kMaxBytesPerNetwork = 128;

// Of the two networks around a client, one whose account is full.
struct Excess {
  Limit limit;
  base::Network network;
  std::string detail;  // in words
};
inline Refusal refusal(const Excess& excess) { return refusal(excess.limit, excess.detail); }

class RateTable {
 public:
  // At least `networks` of them, rounded up a little.
  explicit RateTable(std::size_t networks);
  ~RateTable();
  RateTable(const RateTable&) = delete;
  RateTable& operator=(const RateTable&) = delete;

  using Outcome = std::optional<Excess>;  // nothing: it was counted, and may be done

  // One more connection at the same time, and a new one. After success close() follows once; until
  // then both networks keep their place. After an excess nothing was counted.
  Outcome open(const base::IpAddress& client, const LimitSettings& settings, base::Instant now);
  void close(const base::IpAddress& client, const LimitSettings& settings);  // those of open()
  // What open() would come to; counts nothing. Whether the table has a place is not asked.
  Outcome would_open(const base::IpAddress& client, const LimitSettings& settings,
                     base::Instant now) const;
  // Counted only where both networks have room for it.
  Outcome take(const base::IpAddress& client, Account account, const LimitSettings& settings,
               base::Instant now);
  // Counted in any case. An excess: an account is over its limit now.
  Outcome add(const base::IpAddress& client, Account account, double amount,
              const LimitSettings& settings, base::Instant now);
  void clear(const base::Network& network, Account account);
  // Whether an account is full; counts nothing.
  Outcome full(const base::IpAddress& client, Account account, const LimitSettings& settings,
               base::Instant now) const;

  // What is in the accounts of one network; nothing: it is not among those of late.
  std::optional<NetworkAccount> look(const base::IpAddress& client, Width width,
                                     const LimitSettings& settings, base::Instant now) const;
  struct Busy {
    base::Network network;
    NetworkAccount account;
  };
  // At most `count`, those with the most connections first, then with the most new ones. Reads all
  // of the table.
  std::vector<Busy> busiest(std::size_t count, Width width, const LimitSettings& settings,
                            base::Instant now) const;

  std::size_t networks() const;             // that are in it
  std::size_t most_networks() const;        // that can be
  void set_networks(std::size_t networks);  // as the constructor; the oldest idle ones make room

 private:
  class Part;
  Part& part_of(const base::Network& network) const;
  Outcome open_one(const base::Network& network, Width width, const LimitSettings& settings,
                   base::Instant now);
  // Calls action(account) where the network is in the table.
  template <class Action>
  void change(const base::Network& network, Action action);
  // Calls action(account) on what is found or made; false: there is no room for it.
  template <class Action>
  bool use(const base::Network& network, Width width, const LimitSettings& settings,
           base::Instant now, Action action);

  const base::SipKey key_;
  std::vector<std::unique_ptr<Part>> parts_;  // a power of two
};

}  // namespace policy
