// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4 (Aumasson and Bernstein, 2012): a hash by whose key nobody outside can tell which
// inputs collide, for tables whose keys strangers choose.
#pragma once

#include <cstdint>
#include <span>

namespace base {

struct SipKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

SipKey random_sip_key();  // from the kernel

std::uint64_t siphash(const SipKey& key, std::span<const std::uint8_t> bytes);

}  // namespace base
