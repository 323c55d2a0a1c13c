// SPDX-License-Identifier: Apache-2.0
// Who may come in, and how much: the limits of all clients, which every session asks through its
// Client.
//
// Threads: any. Lifetime: outlives its Seats and Clients.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "policy/bans.h"
#include "policy/crowding.h"
#include "policy/limit.h"
#include "policy/rate_table.h"
#include "policy/settings.h"
#include "policy/usage.h"

namespace policy {

class Client;

// Exempt networks find room for so many more connections and handshakes when all others are
// refused.
inline constexpr std::size_t kExemptReserve = 100;

// Both clocks: rates go by the first, bans by the second.
struct Moment {
  base::Instant steady;
  base::WallTime wall;

  static Moment now() { return {base::now(), base::wall_now()}; }
};

class Gate {
 public:
  Gate(const LimitSettings& settings, std::size_t listeners);
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // Told of each ban, and of the limit that led to it; in the thread that was there. Set before
  // anything else is called.
  using Imposed = std::function<void(const Ban&, Limit)>;
  void on_imposed(Imposed imposed) { imposed_ = std::move(imposed); }
  void configure(const LimitSettings& settings);  // counts for what comes

  // While a limit is set, new sessions and new mail are refused for it.
  void shed_sessions(std::optional<Limit> limit) { shed_sessions_ = code_of(limit); }
  void shed_mail(std::optional<Limit> limit) { shed_mail_ = code_of(limit); }

  // What is held of what there is, as last seen; bytes.
  void set_memory(std::uint64_t used, std::uint64_t most) {
    memory_ = used;
    most_memory_ = most;
  }

  // One connection among all, and among those of its listener.
  struct Seat {
    Usage::Share total;
    Usage::Share listener;
    std::size_t listener_index;
    ListenerLimits limits;
  };
  // For one that a proxy sends it is not known yet who comes.
  std::optional<Refusal> enter(std::size_t listener, const ListenerLimits& limits, bool exempt,
                               const LimitSettings& settings, std::optional<Seat>& seat);

  struct Visitor {
    base::IpAddress address;
    bool is_proxy = false;  // one of ours, which named no client: it has no limits of its own
  };
  static bool is_exempt(const Visitor& visitor, const LimitSettings& settings);
  // Whether its address is welcome, whatever else there is. It costs nothing: ask it first.
  std::optional<Refusal> judge(const Visitor& visitor, const ListenerAccess& access,
                               const LimitSettings& settings, base::WallTime now) const;
  // Counts the connection. `client` is set unless it is refused.
  std::optional<Refusal> admit(const Visitor& visitor, Seat seat,
                               std::shared_ptr<const LimitSettings> settings, const Moment& now,
                               std::optional<Client>& client);

  // What the client would be told now, on such a listener; counts nothing. Nothing: it would be let
  // in.
  std::optional<Refusal> foresee(const Visitor& visitor, std::size_t listener,
                                 const ListenerAccess& access, const ListenerLimits& limits,
                                 const LimitSettings& settings, const Moment& now) const;

  // A verifier crashed over what a client sent, who may have gone since.
  void count_verifier_crash(const base::IpAddress& client, std::string_view evidence,
                            const LimitSettings& settings, const Moment& now);

  // Of which places most are taken, of those for all or of the listener's; also where there is no
  // room for more sessions because something else is scarce that they have.
  Crowd crowd(std::size_t listener, const ListenerLimits& limits,
              const LimitSettings& settings) const;

  Bans& bans() { return bans_; }
  const Bans& bans() const { return bans_; }
  const RateTable& table() const { return table_; }
  std::size_t open() const { return connections_.used(); }
  // Why all new sessions are refused, or all new mail; nothing: they are not.
  std::optional<Limit> shedding() const;

 private:
  friend class Client;
  static int code_of(std::optional<Limit> limit) { return limit ? static_cast<int>(*limit) : -1; }
  static std::optional<Limit> limit_of(int code);
  // How many there are for a client, among all and of its listener.
  struct Places {
    std::size_t total;
    std::size_t listener;
  };
  static Places places(std::size_t total, std::size_t listener, bool exempt);
  static Places connection_places(const ListenerLimits& limits, bool exempt,
                                  const LimitSettings& settings);
  std::optional<Refusal> refuse_if_banned(const base::IpAddress& client, base::WallTime now) const;
  std::optional<Refusal> refuse_mail_if_scarce() const;
  // What is beyond its limit leads to a ban.
  void count(const base::IpAddress& client, Account account, std::uint64_t amount,
             std::string_view evidence, const LimitSettings& settings, const Moment& now);

  struct Listener {
    Usage connections;
    Usage handshakes;
  };
  RateTable table_;
  Bans bans_;
  Imposed imposed_;
  Usage connections_;
  Usage handshakes_;
  std::deque<Listener> listeners_;
  std::atomic<int> shed_sessions_{-1};
  std::atomic<int> shed_mail_{-1};
  std::atomic<std::uint64_t> memory_{0};
  std::atomic<std::uint64_t> most_memory_{std::numeric_limits<std::uint64_t>::max()};
};

}  // namespace policy
