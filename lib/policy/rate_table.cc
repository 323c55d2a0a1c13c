// SPDX-License-Identifier: Apache-2.0
#include "policy/rate_table.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "policy/rate_table_part.h"

namespace policy {
namespace {

constexpr std::size_t kMostParts = 64;            // more than there are threads
constexpr std::size_t kLeastNetworksAPart = 256;  // else chance fills one before the others

std::size_t parts_for(std::size_t networks) {
  return std::clamp<std::size_t>(std::bit_floor(networks / kLeastNetworksAPart), 1, kMostParts);
}

std::string too_many(const base::Network& network, const std::string& what,
                     const std::string& limit) {
  return network.to_string() + ": " + what + ", limit " + limit;
}

Excess excess(const base::Network& network, Width width, Account account, double level,
              const LimitSettings& settings) {
  const AccountRule& rule = rule_of(account);
  const std::string what =
      std::to_string(std::llround(std::ceil(level))) + ' ' + std::string(rule.name);
  return {rule.limit, network, too_many(network, what, rate_text(settings, account, width))};
}

// To one more connection at the same time, which is a new one.
std::optional<Excess> objection(const NetworkAccount& account, const base::Network& network,
                                Width width, const LimitSettings& settings) {
  const std::size_t connections = most_connections(settings, width);
  if (account.connections() >= connections) {
    const std::string count = std::to_string(connections);
    return Excess{Limit::connections, network, too_many(network, count + " connections", count)};
  }
  const double level = account.level(Account::Connections) + 1;
  if (level > static_cast<double>(most(settings, Account::Connections, width)))
    return excess(network, width, Account::Connections, level, settings);
  return std::nullopt;
}

Excess table_full(const base::Network& network) {
  return {Limit::tracked_networks, network, "every network in the table has connections"};
}

constexpr Width kWidths[] = {Width::Narrow, Width::Wide};

}  // namespace

RateTable::RateTable(std::size_t networks) : key_(base::random_sip_key()) {
  const std::size_t parts = parts_for(networks);
  const std::size_t each = (networks + parts - 1) / parts;
  for (std::size_t i = 0; i < parts; ++i) parts_.push_back(std::make_unique<Part>(key_, each));
}

RateTable::~RateTable() = default;

// The upper bits, because a part uses the lower ones.
RateTable::Part& RateTable::part_of(const base::Network& network) const {
  return *parts_[(network_hash(key_, network) >> 32) & (parts_.size() - 1)];
}

template <class Action>
bool RateTable::use(const base::Network& network, Width width, const LimitSettings& settings,
                    base::Instant now, Action action) {
  Part& part = part_of(network);
  const std::lock_guard lock(part.mutex);
  NetworkAccount* account = part.use(network, now);
  if (account == nullptr) return false;
  account->settle(settings, width, now);
  action(*account);
  return true;
}

RateTable::Outcome RateTable::open_one(const base::Network& network, Width width,
                                       const LimitSettings& settings, base::Instant now) {
  Outcome outcome;
  const bool room = use(network, width, settings, now, [&](NetworkAccount& account) {
    outcome = objection(account, network, width, settings);
    if (outcome) return;
    account.open();
    account.add(Account::Connections, 1);
  });
  return room ? outcome : table_full(network);
}

template <class Action>
void RateTable::change(const base::Network& network, Action action) {
  Part& part = part_of(network);
  const std::lock_guard lock(part.mutex);
  if (NetworkAccount* account = part.find(network); account != nullptr) action(*account);
}

RateTable::Outcome RateTable::open(const base::IpAddress& client, const LimitSettings& settings,
                                   base::Instant now) {
  const base::Network wide = network_around(client, Width::Wide, settings);
  const base::Network narrow = network_around(client, Width::Narrow, settings);
  if (auto outcome = open_one(wide, Width::Wide, settings, now)) return outcome;
  auto outcome = open_one(narrow, Width::Narrow, settings, now);
  if (outcome)
    change(wide, [](NetworkAccount& account) {
      account.close();
      account.take_back(Account::Connections);
    });
  return outcome;
}

RateTable::Outcome RateTable::would_open(const base::IpAddress& client,
                                         const LimitSettings& settings, base::Instant now) const {
  for (const Width width : {Width::Wide, Width::Narrow}) {
    const auto account = look(client, width, settings, now);
    if (!account) continue;
    const base::Network network = network_around(client, width, settings);
    if (auto outcome = objection(*account, network, width, settings)) return outcome;
  }
  return std::nullopt;
}

void RateTable::close(const base::IpAddress& client, const LimitSettings& settings) {
  for (const Width width : kWidths)
    change(network_around(client, width, settings), [](NetworkAccount& entry) { entry.close(); });
}

RateTable::Outcome RateTable::take(const base::IpAddress& client, Account account,
                                   const LimitSettings& settings, base::Instant now) {
  Outcome outcome;
  const auto take_one = [&](const base::Network& network, Width width) {
    const bool room = use(network, width, settings, now, [&](NetworkAccount& entry) {
      const double level = entry.level(account) + 1;
      if (level > static_cast<double>(most(settings, account, width)))
        outcome = excess(network, width, account, level, settings);
      else
        entry.add(account, 1);
    });
    if (!room) outcome = table_full(network);
    return !outcome;
  };
  const base::Network wide = network_around(client, Width::Wide, settings);
  const base::Network narrow = network_around(client, Width::Narrow, settings);
  if (take_one(wide, Width::Wide) && !take_one(narrow, Width::Narrow))
    change(wide, [&](NetworkAccount& entry) { entry.take_back(account); });
  return outcome;
}

RateTable::Outcome RateTable::add(const base::IpAddress& client, Account account, double amount,
                                  const LimitSettings& settings, base::Instant now) {
  Outcome outcome;
  for (const Width width : kWidths) {
    const base::Network network = network_around(client, width, settings);
    use(network, width, settings, now, [&](NetworkAccount& entry) {
      entry.add(account, amount);
      const double level = entry.level(account);
      if (!outcome && level > static_cast<double>(most(settings, account, width)))
        outcome = excess(network, width, account, level, settings);
    });
  }
  return outcome;
}

void RateTable::clear(const base::Network& network, Account account) {
  change(network, [&](NetworkAccount& entry) { entry.clear(account); });
}

RateTable::Outcome RateTable::full(const base::IpAddress& client, Account account,
                                   const LimitSettings& settings, base::Instant now) const {
  for (const Width width : kWidths) {
    const auto entry = look(client, width, settings, now);
    if (entry && entry->level(account) >= static_cast<double>(most(settings, account, width)))
      return excess(network_around(client, width, settings), width, account, entry->level(account),
                    settings);
  }
  return std::nullopt;
}

std::optional<NetworkAccount> RateTable::look(const base::IpAddress& client, Width width,
                                              const LimitSettings& settings,
                                              base::Instant now) const {
  const base::Network network = network_around(client, width, settings);
  Part& part = part_of(network);
  const std::lock_guard lock(part.mutex);
  const NetworkAccount* entry = part.find(network);
  if (entry == nullptr) return std::nullopt;
  NetworkAccount settled = *entry;
  settled.settle(settings, width, now);
  return settled;
}

std::vector<RateTable::Busy> RateTable::busiest(std::size_t count, Width width,
                                                const LimitSettings& settings,
                                                base::Instant now) const {
  const auto busier = [](const Busy& a, const Busy& b) {
    const auto key = [](const Busy& busy) {
      return std::pair(busy.account.connections(), busy.account.level(Account::Connections));
    };
    return key(a) > key(b);
  };
  const Prefixes& prefixes = width == Width::Narrow ? settings.narrow : settings.wide;
  std::vector<Busy> all;
  for (const auto& part : parts_) {
    const std::lock_guard lock(part->mutex);
    part->for_each([&](const base::Network& network, const NetworkAccount& account) {
      const int bits = network.address().is_v4() ? prefixes.v4 : prefixes.v6;
      if (network.prefix_bits() != bits) return;
      all.push_back({network, account});
      all.back().account.settle(settings, width, now);
      std::push_heap(all.begin(), all.end(), busier);
      if (all.size() <= count) return;
      std::pop_heap(all.begin(), all.end(), busier);
      all.pop_back();
    });
  }
  std::sort_heap(all.begin(), all.end(), busier);
  return all;
}

std::size_t RateTable::networks() const {
  std::size_t sum = 0;
  for (const auto& part : parts_) {
    const std::lock_guard lock(part->mutex);
    sum += part->size();
  }
  return sum;
}

std::size_t RateTable::most_networks() const {
  std::size_t sum = 0;
  for (const auto& part : parts_) {
    const std::lock_guard lock(part->mutex);
    sum += part->capacity();
  }
  return sum;
}

void RateTable::set_networks(std::size_t networks) {
  const std::size_t each = (networks + parts_.size() - 1) / parts_.size();
  for (const auto& part : parts_) {
    const std::lock_guard lock(part->mutex);
    part->set_capacity(each);
  }
}

}  // namespace policy
