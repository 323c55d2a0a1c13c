// SPDX-License-Identifier: Apache-2.0
// What the flood is asked to be.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "load/flood/plan.h"
#include "load/sources.h"

namespace flood {

// Bounds of a flood, whatever the command line says.
inline constexpr std::uint64_t kMaxConnections = 20'000;
inline constexpr std::size_t kMaxAtOnce = 8'000;
inline constexpr std::uint32_t kMaxRate = 5'000;
inline constexpr std::int64_t kMaxSeconds = 300;

struct Options {
  base::Endpoint server;
  std::uint64_t connections = 0;
  std::size_t at_once = 0;
  std::uint32_t rate = 0;          // connections begun a second, at most
  std::chrono::seconds hold{};     // then a connection leaves
  std::chrono::seconds seconds{};  // then all of it ends
  std::vector<Kind> kinds;         // taken in turn
  load::Sources sources;
  load::Sources hot_sources;  // a quarter of the connections comes from these; may be empty
  std::string mailbox;
};

// The options; or nothing, everything having been said, and `exit_code` set.
std::optional<Options> parse_options(int argc, char** argv, int& exit_code);

}  // namespace flood
