// SPDX-License-Identifier: Apache-2.0
#include "policy/limit.h"

#include <utility>

#include "smtp/replies.h"

namespace policy {
namespace {

constexpr LimitRule kLimits[] = {
#define POSTERN_LIMIT(name, reply, bound) {#name, &smtp::replies::reply, bound},
#include "policy/limits.def"
#undef POSTERN_LIMIT
};

}  // namespace

std::span<const LimitRule> limit_table() { return kLimits; }
const LimitRule& rule_of(Limit limit) { return kLimits[static_cast<std::size_t>(limit)]; }

Refusal refusal(Limit limit, std::string detail) {
  return {limit, rule_of(limit).reply(), std::move(detail)};
}

}  // namespace policy
