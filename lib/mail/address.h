// SPDX-License-Identifier: Apache-2.0
// Mail addresses of the envelope (RFC 5321 section 4.1.2), as values.
//
// Grammar only: whether a domain is ours is policy's business. No allocation beyond the strings.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mail {

inline constexpr std::size_t kMaxLocalPart = 64;  // octets; RFC 5321 section 4.5.3.1.1
inline constexpr std::size_t kMaxDomain = 255;    // octets; 4.5.3.1.2
inline constexpr std::size_t kMaxPath = 256;      // octets with < and >; 4.5.3.1.3

struct Address {
  std::string local_part;  // unquoted and unescaped; case kept (RFC 5321 section 2.4)
  std::string domain;      // as given: "Example.ORG", or "[192.0.2.1]" for a literal
  bool is_literal = false;

  // As it goes between < and >, quoted where needed. parse_mailbox(to_string()) gives it back.
  std::string to_string() const;
  bool operator==(const Address&) const = default;
};

// What stands in MAIL FROM:<...> or RCPT TO:<...>. Null: "<>". Bare postmaster: "<postmaster>",
// RFC 5321 section 4.1.1.3, has an empty domain. A source route "@a,@b:" is accepted and forgotten
// (RFC 5321 appendix C).
struct Path {
  std::optional<Address> address;

  bool is_null() const { return !address.has_value(); }
  std::string to_string() const;  // with < and >
  bool operator==(const Path&) const = default;
};

enum class PathKind { Reverse, Forward };

struct ParsedPath {
  Path path;
  std::size_t length = 0;  // bytes of the text used, from '<' to '>'
};

// Parses from the start of `text`, which begins with '<'. Nothing: not valid, too long, or null
// where a forward-path is asked for, or "<postmaster>" where a reverse-path is.
std::optional<ParsedPath> parse_path(std::string_view text, PathKind kind);
std::optional<Address> parse_mailbox(
    std::string_view text);                      // local-part "@" domain, the whole text
bool is_domain(std::string_view text);           // RFC 5321 Domain: dot-separated LDH labels
bool is_address_literal(std::string_view text);  // "[192.0.2.1]", "[IPv6:...]", "[tag:...]"

}  // namespace mail
