// SPDX-License-Identifier: Apache-2.0
// What one network did of late: how many connections it has, and an account for each kind of thing
// that is limited by a rate. An account empties by itself (see Rate). A value without a clock.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/time.h"
#include "policy/limit.h"
#include "policy/settings.h"

namespace policy {

enum class Account : std::uint8_t {
  Connections,  // new ones
  Handshakes,
  Messages,
  Recipients,
  Bytes,
  Errors,
  UnknownRecipients,
  VerifierCrashes
};
inline constexpr std::size_t kAccounts = static_cast<std::size_t>(Account::VerifierCrashes) + 1;

struct AccountRule {
  Account account;
  std::string_view name;  // for people
  Limit limit;
  Rate LimitSettings::*rate;
};
const std::array<AccountRule, kAccounts>& account_table();
const AccountRule& rule_of(Account account);

// Two networks are counted around each client.
enum class Width : std::uint8_t { Narrow, Wide };
base::Network network_around(const base::IpAddress& client, Width width,
                             const LimitSettings& settings);

// What a network of this width may hold in an account.
std::int64_t most(const LimitSettings& settings, Account account, Width width);
std::size_t most_connections(const LimitSettings& settings, Width width);
// "30/1h", as in the configuration.
std::string rate_text(const LimitSettings& settings, Account account, Width width);

class NetworkAccount {
 public:
  explicit NetworkAccount(base::Instant now) : since_(now) {}

  // Lets the accounts empty up to now. A clock that goes back changes nothing.
  void settle(const LimitSettings& settings, Width width, base::Instant now);

  double level(Account account) const { return levels_[static_cast<std::size_t>(account)]; }
  void add(Account account, double amount) { level_of(account) += amount; }
  // One that was added; of it something may have drained already.
  void take_back(Account account) { level_of(account) = std::max(0.0, level(account) - 1); }
  void clear(Account account) { level_of(account) = 0; }
  std::uint32_t connections() const { return connections_; }
  void open() { ++connections_; }
  void close() { --connections_; }

 private:
  double& level_of(Account account) { return levels_[static_cast<std::size_t>(account)]; }

  base::Instant since_;
  std::array<double, kAccounts> levels_{};
  std::uint32_t connections_ = 0;
};

}  // namespace policy
