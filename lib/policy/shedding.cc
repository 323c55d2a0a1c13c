// SPDX-License-Identifier: Apache-2.0
#include "policy/shedding.h"

namespace policy {
namespace {

// In sixteenths of what there is: from where on it is scarce.
constexpr std::uint64_t kSixteenths = 16;
constexpr std::uint64_t kScarceForSessions = 12;
constexpr std::uint64_t kScarceForMail = 14;
constexpr std::uint64_t kLess = 1;  // must be free again before it is plenty

bool is_scarce(std::uint64_t used, std::uint64_t most, std::uint64_t from, bool was) {
  return used >= most / kSixteenths * (was ? from - kLess : from);
}

std::optional<Limit> scarce(const Load& load, std::uint64_t from, std::optional<Limit> before) {
  if (is_scarce(load.descriptors, load.most_descriptors, from, before == Limit::descriptors))
    return Limit::descriptors;
  if (is_scarce(load.memory, load.most_memory, from, before == Limit::memory)) return Limit::memory;
  return std::nullopt;
}

}  // namespace

bool Shedding::are_scarce(std::uint64_t descriptors, std::uint64_t most_descriptors) {
  return is_scarce(descriptors, most_descriptors, kScarceForSessions, false);
}

Shedding::State Shedding::update(const Load& load) {
  const bool was_full = state_.sessions == Limit::spool_space;
  const std::uint64_t least = was_full ? 2 * load.least_space : load.least_space;
  state_ = {scarce(load, kScarceForSessions, state_.sessions),
            scarce(load, kScarceForMail, state_.mail)};
  // Mail has a limit of its own there: spool.min_free, with the size of each message.
  if (!state_.sessions && load.free_space && *load.free_space < least)
    state_.sessions = Limit::spool_space;
  return state_;
}

}  // namespace policy
