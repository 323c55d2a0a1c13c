// SPDX-License-Identifier: Apache-2.0
#include "base/siphash.h"

#include <catch2/catch.hpp>
#include <vector>

// The key is the octets 00 to 0f, the message 00, 01, 02 ...: the vectors of the paper (appendix A)
// and of the authors' reference implementation.
TEST_CASE("SipHash-2-4 gives the published values") {
  const base::SipKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::vector<std::uint8_t> message;
  CHECK(base::siphash(key, message) == 0x726fdb47dd0e0e31);
  for (std::uint8_t i = 0; i < 8; ++i) message.push_back(i);
  CHECK(base::siphash(key, message) == 0x93f5f5799a932462);
  for (std::uint8_t i = 8; i < 15; ++i) message.push_back(i);
  CHECK(base::siphash(key, message) == 0xa129ca6149be45e5);
}

TEST_CASE("two random keys differ, and so do their hashes") {
  const base::SipKey first = base::random_sip_key();
  const base::SipKey second = base::random_sip_key();
  CHECK((first.k0 != second.k0 || first.k1 != second.k1));
  const std::vector<std::uint8_t> message{1, 2, 3};
  CHECK(base::siphash(first, message) != base::siphash(second, message));
}
