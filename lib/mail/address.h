// SPDX-License-Identifier: Apache-2.0
// Mail addresses of the envelope (RFC 5321 section 4.1.2, with the UTF-8 of RFC 6531 section 3.3),
// as values.
//
// Grammar only: whether a domain is ours is policy's business, and whether the client may use UTF-8
// is the session's. No allocation beyond the strings. UTF-8 is what base::is_utf8 takes: the
// grammar of RFC 6532 section 3.1 does not leave out U+0080 to U+009F, nor do we.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "mail/domain.h"

namespace mail {

inline constexpr std::size_t kMaxLocalPart = 64;  // octets; RFC 5321 section 4.5.3.1.1
inline constexpr std::size_t kMaxPath = 256;      // octets with < and >; 4.5.3.1.3

struct Address {
  std::string local_part;  // unquoted and unescaped; case kept (RFC 5321 section 2.4)
  std::string domain;      // as given: "Example.ORG", or "[192.0.2.1]" for a literal
  bool is_literal = false;

  // As it goes between < and >, quoted where needed. parse_mailbox(to_string()) gives it back.
  std::string to_string() const;
  bool operator==(const Address&) const = default;
  void visit(auto& v) { v(local_part, domain, is_literal); }
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
  std::size_t length = 0;  // bytes of the text used, from '<' to '>', a source route included
};

// Parses from the start of `text`, which begins with '<'. Nothing: not valid, too long, or null
// where a forward-path is asked for, or "<postmaster>" where a reverse-path is. A domain beyond
// ASCII is valid where to_a_labels() (idn.h) knows it; it stays as given.
std::optional<ParsedPath> parse_path(std::string_view text, PathKind kind);

// local-part "@" domain, the whole text.
std::optional<Address> parse_mailbox(std::string_view text);

}  // namespace mail
