// SPDX-License-Identifier: Apache-2.0
// Who a message says it is from: the value of one From field, by the grammar of RFC 5322 section
// 3.4 in full, with its obsolete forms (section 4.4), the groups of RFC 6854 and the UTF-8 of RFC
// 6532. DMARC trusts this parser, so it never guesses: what does not match the grammar as a whole
// gives a reason and no mailbox. Several From fields are the caller's business.
//
// Taken: comments nested up to kMaxCommentDepth and folding wherever the grammar has them, routes,
// quoted words in local parts, dots in display names, empty members of lists; control characters in
// comments and quoted display names. Beyond the grammar, because mail has it and no address changes
// by it: octets that are not UTF-8 in comments and display names, and dots anywhere in a local
// part. Not taken, although the obsolete grammar has them: NUL; control characters other than TAB
// in an address, CR and LF behind a backslash, quoted pairs in a domain literal. An encoded word is
// an atom like any other; it is never decoded.
//
// A mail program may show an address where this gives none. So a value with a fault must never be
// treated as a message without From: it is refused, or fails.
//
// Threads: any. Time and memory are linear in the length of the value.
#pragma once

#include <cstddef>
#include <string_view>
#include <variant>
#include <vector>

#include "mail/address.h"

namespace mail {

inline constexpr std::size_t kMaxFromValue = 32u << 10;  // octets, folding included
inline constexpr std::size_t kMaxFromMailboxes = 100;

struct FromMailbox {
  // Raw, a view into the value: with quotes, encoded words, folding, and the comments between its
  // words. Empty where there is none.
  std::string_view display_name;
  // The local part is unquoted, and as long as the value allows. The domain is in A-labels, lower
  // case (idn.h), or a literal. parse_from(address.to_string()) gives it back.
  Address address;
};

enum class FromError {
  BadSyntax,  // a local part that is not UTF-8 included
  NoMailbox,  // nothing, or empty groups only
  TooMany,    // above kMaxFromMailboxes
  TooLong,    // above kMaxFromValue
  TooDeep,    // comments above kMaxCommentDepth
  BadDomain,  // the grammar's, but to_a_labels() does not know it, or no literal of RFC 5321
};
std::string_view reason(FromError error);  // "bad_syntax"

// Of several faults, the first. There is at least one mailbox where there is no fault. `value` is
// what stands behind the colon, raw: folded, without the CRLF that ends the field.
std::variant<std::vector<FromMailbox>, FromError> parse_from(std::string_view value);

}  // namespace mail
