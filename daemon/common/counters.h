// SPDX-License-Identifier: Apache-2.0
// The counters of counters.def, and one for each limit of policy/limits.def: by name in our code,
// by place in a message, by name in the status.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "policy/limit.h"

namespace common {

enum class Counter : std::size_t {
#define POSTERN_COUNTER(name, reason, meaning) name,
#include "daemon/common/counters.def"
#undef POSTERN_COUNTER
#define POSTERN_LIMIT(name, reply, bound) limit_##name,
#include "policy/limits.def"
#undef POSTERN_LIMIT
};

// What it counts; both empty: something else.
struct CounterRule {
  std::string_view name;
  std::string_view end_reason;  // sessions that end for this
  std::string_view limit;       // refusals for this
};

inline constexpr std::array kCounters = std::to_array<CounterRule>({
#define POSTERN_COUNTER(name, reason, meaning) {#name, reason, {}},
#include "daemon/common/counters.def"
#undef POSTERN_COUNTER
#define POSTERN_LIMIT(name, reply, bound) {"limit_" #name, {}, #name},
#include "policy/limits.def"
#undef POSTERN_LIMIT
});

inline constexpr std::size_t kFirstLimitCounter = static_cast<std::size_t>(
    std::find_if(kCounters.begin(), kCounters.end(),
                 [](const CounterRule& rule) { return !rule.limit.empty(); }) -
    kCounters.begin());
inline constexpr Counter counter_of(policy::Limit limit) {
  return static_cast<Counter>(kFirstLimitCounter + static_cast<std::size_t>(limit));
}

}  // namespace common
