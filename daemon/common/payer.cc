// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/payer.h"

#include <cstddef>

#include "policy/settings.h"

namespace common {

dns::Payer payer_of(const base::IpAddress& client) {
  // The first half of an address of IPv6 is its network. The bit tells it from IPv4 and from our
  // own questions; clients are in 2000::/3 (RFC 4291 section 2.4), which never has it.
  constexpr dns::Payer kV4 = dns::Payer{1} << 32;
  constexpr dns::Payer kV6 = dns::Payer{1} << 63;
  const policy::Prefixes prefixes;
  const base::IpAddress network =
      base::Network::around(client, client.is_v4() ? prefixes.v4 : prefixes.v6).address();
  const std::size_t octets = network.is_v4() ? 4 : 8;
  dns::Payer payer = 0;
  for (std::size_t i = 0; i < octets; ++i) payer = payer << 8 | network.bytes().at(i);
  return payer | (network.is_v4() ? kV4 : kV6);
}

}  // namespace common
