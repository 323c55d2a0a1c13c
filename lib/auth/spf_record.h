// SPDX-License-Identifier: Apache-2.0
// An SPF record by the whole of the grammar of RFC 7208 section 12, before anything is evaluated:
// a mistake anywhere in a record is a permerror (section 4.6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "auth/spf_macro.h"
#include "auth/verdict.h"
#include "base/ip_address.h"

namespace auth {

// Octets. More does not fit into an answer of the DNS.
inline constexpr std::size_t kMaxSpfRecord = 65535;

enum class Mechanism : std::uint8_t { All, Include, A, Mx, Ptr, Ip4, Ip6, Exists };

struct SpfDirective {
  SpfResult result = SpfResult::Pass;  // of the qualifier
  Mechanism mechanism = Mechanism::All;
  std::optional<MacroString> target;  // nothing: the domain that is evaluated
  base::IpAddress address;            // ip4 and ip6; bits behind the prefix may be set
  unsigned prefix4_bits = 32;         // a, mx and ip4
  unsigned prefix6_bits = 128;        // a, mx and ip6
  std::string text;                   // as in the record, for reports; cut when very long
};

struct SpfRecord {
  std::vector<SpfDirective> directives;
  std::optional<MacroString> redirect;
  std::optional<MacroString> explanation;
};

struct SpfSyntaxError {
  std::string reason;  // names the term; printable ASCII
};

// RFC 7208 section 4.5: whether a TXT record is one of SPF. All others are none of our business.
bool is_spf_record(std::string_view text);

// `text` is an SPF record by its version.
std::variant<SpfRecord, SpfSyntaxError> parse_spf_record(std::string_view text);

// Whether `client` is `address` as far as the prefix of its family goes. `address` was asked for or
// written for that family: one of IPv4 was a mapped address when the client is not of IPv4.
bool covers(const SpfDirective& directive, const base::IpAddress& address,
            const base::IpAddress& client);

}  // namespace auth
