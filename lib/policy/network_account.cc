// SPDX-License-Identifier: Apache-2.0
#include "policy/network_account.h"

#include <algorithm>
#include <chrono>

namespace policy {
namespace {

std::string duration_text(std::chrono::milliseconds duration) {
  struct Unit {
    std::int64_t milliseconds;
    const char* name;
  };
  constexpr Unit kUnits[] = {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}};
  for (const Unit& unit : kUnits)
    if (duration.count() % unit.milliseconds == 0)
      return std::to_string(duration.count() / unit.milliseconds) + unit.name;
  return std::to_string(duration.count()) + "ms";
}

// "500M", as in the configuration.
std::string size_text(std::int64_t bytes) {
  constexpr std::string_view kUnits = "KMG";
  std::size_t unit = 0;
  for (; unit < kUnits.size() && bytes > 0 && bytes % 1024 == 0; ++unit) bytes /= 1024;
  std::string text = std::to_string(bytes);
  return unit == 0 ? text : text + kUnits[unit - 1];
}

}  // namespace

const std::array<AccountRule, kAccounts>& account_table() {
  using L = LimitSettings;
  static constexpr std::array<AccountRule, kAccounts> kTable{{
      {Account::Connections, "new connections", Limit::connection_rate, &L::connection_rate},
      {Account::Handshakes, "TLS handshakes", Limit::handshake_rate, &L::handshake_rate},
      {Account::Messages, "messages", Limit::message_rate, &L::message_rate},
      {Account::Recipients, "recipients", Limit::recipient_rate, &L::recipient_rate},
      {Account::Bytes, "bytes", Limit::byte_rate, &L::byte_rate},
      {Account::Errors, "errors", Limit::error_rate, &L::error_rate},
      {Account::UnknownRecipients, "unknown recipients", Limit::unknown_recipient_rate,
       &L::unknown_recipient_rate},
      {Account::VerifierCrashes, "verifier crashes", Limit::verifier_crash_rate,
       &L::verifier_crash_rate},
  }};
  return kTable;
}

const AccountRule& rule_of(Account account) {
  return account_table().at(static_cast<std::size_t>(account));
}

base::Network network_around(const base::IpAddress& client, Width width,
                             const LimitSettings& settings) {
  const Prefixes& prefixes = width == Width::Narrow ? settings.narrow : settings.wide;
  return base::Network::around(client, client.is_v4() ? prefixes.v4 : prefixes.v6);
}

std::int64_t most(const LimitSettings& settings, Account account, Width width) {
  const Rate& rate = settings.*rule_of(account).rate;
  return rate.amount * (width == Width::Wide ? settings.wide_factor : 1);
}

std::size_t most_connections(const LimitSettings& settings, Width width) {
  const auto factor = static_cast<std::size_t>(width == Width::Wide ? settings.wide_factor : 1);
  return settings.connections * factor;
}

std::string rate_text(const LimitSettings& settings, Account account, Width width) {
  const std::int64_t amount = most(settings, account, width);
  const bool is_size = account == Account::Bytes;
  return (is_size ? size_text(amount) : std::to_string(amount)) + '/' +
         duration_text((settings.*rule_of(account).rate).period);
}

void NetworkAccount::settle(const LimitSettings& settings, Width width, base::Instant now) {
  if (now <= since_) return;
  const std::chrono::duration<double> elapsed = now - since_;
  since_ = now;
  for (const AccountRule& rule : account_table()) {
    double& level = levels_[static_cast<std::size_t>(rule.account)];
    if (level <= 0) continue;
    const std::chrono::duration<double> period = (settings.*rule.rate).period;
    const auto drained =
        static_cast<double>(most(settings, rule.account, width)) * (elapsed / period);
    level = std::max(0.0, level - drained);
  }
}

}  // namespace policy
