// SPDX-License-Identifier: Apache-2.0
#include "load/sources.h"

#include <arpa/inet.h>

#include "base/assert.h"

namespace load {
namespace {

constexpr int kLoopbackBits = 8;

std::uint32_t host_order(const base::IpAddress& address) {
  const auto& b = address.bytes();
  return std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3];
}

bool is_loopback(const base::Network& network) {
  return network.address().is_v4() && network.prefix_bits() >= kLoopbackBits &&
         network.address().bytes()[0] == 127;
}

}  // namespace

bool Sources::add(std::string_view text) {
  const auto network = base::Network::parse(text);
  if (!network || !is_loopback(*network)) return false;
  const int host_bits = network->address().bits() - network->prefix_bits();
  Range range{host_order(network->address()), std::uint32_t{1} << host_bits};
  if (host_bits > 1) range = {range.first + 1, range.count - 2};
  ranges_.push_back(range);
  count_ += range.count;
  return true;
}

base::IpAddress Sources::next() {
  POSTERN_ASSERT(!empty());
  std::uint64_t index = next_++ % count_;
  auto range = ranges_.begin();
  for (; index >= range->count; ++range) index -= range->count;
  return base::IpAddress::from_v4({htonl(range->first + static_cast<std::uint32_t>(index))});
}

}  // namespace load
