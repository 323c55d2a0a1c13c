// SPDX-License-Identifier: Apache-2.0
// The limits of limits.def: by name in our code, by place in a message, by name in log and status.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "smtp/reply.h"

namespace policy {

enum class Limit : std::uint8_t {
#define POSTERN_LIMIT(name, reply, bound) name,
#include "policy/limits.def"
#undef POSTERN_LIMIT
};

struct LimitRule {
  std::string_view name;
  smtp::Reply (*reply)();
  std::string_view bound;  // what sets it, for people
};

std::span<const LimitRule> limit_table();  // in the order of Limit
const LimitRule& rule_of(Limit limit);

// Why a client is not served: what it is told, and more of it for the log.
struct Refusal {
  Limit limit;
  smtp::Reply reply;
  std::string detail;  // in words; what is peer text is not in it
};

Refusal refusal(Limit limit, std::string detail = {});

}  // namespace policy
