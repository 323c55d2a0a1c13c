// SPDX-License-Identifier: Apache-2.0
// Domain names as text: bytes, with '.' between labels and none at the end. A label may hold any
// byte but a dot (RFC 2181 section 11): what stands in an SPF macro ends up in names.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.h"

namespace dns {

inline constexpr std::size_t kMaxName =
    253;  // octets in this form; RFC 1035 section 2.3.4 says 255
inline constexpr std::size_t kMaxLabel = 63;  // octets; the same section

// In lower case and without the dot at the end, as all names of this folder are. Nothing for what
// cannot be asked: the root, empty labels, labels or names that are too long.
std::optional<std::string> normalized_name(std::string_view name);

std::size_t label_count(std::string_view normalized);

// Whether `name` is `domain` or below it; both normalized.
bool is_at_or_below(std::string_view name, std::string_view domain);

// Printable ASCII without blanks: all other bytes, backslash, double quote and semicolon as \DDD
// (RFC 1035 section 5.1). This is what a resolver library may be asked. "." for the root.
std::string presentation(std::string_view normalized);

// The way back. Nothing when an escape is none, or is a dot, or when it is no name; "." is the root
// and gives the empty name.
std::optional<std::string> from_presentation(std::string_view text);

// "192.0.2.1", or the 32 nibbles of an IPv6 address: "2.0.0.1.0.d.b.8. ...".
std::string dotted_address(const base::IpAddress& address);

// "1.2.0.192.in-addr.arpa" (RFC 1035 section 3.5), "... .ip6.arpa" (RFC 3596 section 2.5).
std::string reverse_name(const base::IpAddress& address);

}  // namespace dns
