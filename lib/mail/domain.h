// SPDX-License-Identifier: Apache-2.0
// What may stand behind the "@" of an address (RFC 5321 sections 4.1.2 and 4.1.3), in ASCII.
#pragma once

#include <cstddef>
#include <string_view>

namespace mail {

inline constexpr std::size_t kMaxDomain = 255;  // octets; RFC 5321 section 4.5.3.1.2
inline constexpr std::size_t kMaxLabel = 63;    // octets; RFC 1035 section 2.3.4

bool is_domain(std::string_view text);  // dot-separated LDH labels, no dot at the end

// "[192.0.2.1]", "[IPv6:2001:db8::1]", "[tag:...]".
bool is_address_literal(std::string_view text);

}  // namespace mail
