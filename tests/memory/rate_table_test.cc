// SPDX-License-Identifier: Apache-2.0
// What a RateTable holds: its bound is one of bytes, whatever strangers do.
#include <catch2/catch.hpp>
#include <string>

#include "memory/counted_memory.h"
#include "policy/rate_table.h"

namespace {

constexpr std::size_t kNetworks = 100'000;
constexpr std::int64_t kFixed = 64 << 10;  // parts, locks, what the heap rounds up

// Each a network of its own, of both widths.
base::IpAddress client(std::size_t number) {
  in6_addr bytes{};
  bytes.s6_addr[0] = 0x20;
  for (std::size_t i = 0; i < 4; ++i)
    bytes.s6_addr[5 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  return base::IpAddress::from_v6(bytes);
}

std::int64_t most_held(std::size_t networks) {
  return static_cast<std::int64_t>(networks * policy::kMaxBytesPerNetwork) + kFixed;
}

TEST_CASE("a table of 100,000 networks keeps its bound") {
  const std::int64_t before = memory::held();
  const policy::LimitSettings settings;
  policy::RateTable table(kNetworks);
  for (std::size_t i = 0; i < 3 * kNetworks; ++i)
    table.take(client(i), policy::Account::Messages, settings, base::Instant());
  const std::int64_t full = memory::held() - before;
  const auto each = static_cast<double>(full) / static_cast<double>(table.networks());
  WARN("a table of " << table.networks() << " networks holds " << full << " bytes, " << each
                     << " each");
  CHECK(table.networks() >= kNetworks);
  CHECK(full <= most_held(table.most_networks()));

  table.set_networks(kNetworks / 10);
  CHECK(memory::held() - before <= most_held(table.most_networks()));
}

}  // namespace
