// SPDX-License-Identifier: Apache-2.0
// The counters of counters.def: by name in our code, by place in a message, by name in the status.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace common {

enum class Counter : std::size_t {
#define POSTERN_COUNTER(name, reason, meaning) name,
#include "daemon/common/counters.def"
#undef POSTERN_COUNTER
};

struct CounterRule {
  std::string_view name;
  std::string_view end_reason;  // of the sessions that it counts; empty: it counts something else
};

inline constexpr std::array kCounters = std::to_array<CounterRule>({
#define POSTERN_COUNTER(name, reason, meaning) {#name, reason},
#include "daemon/common/counters.def"
#undef POSTERN_COUNTER
});

}  // namespace common
