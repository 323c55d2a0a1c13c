// SPDX-License-Identifier: Apache-2.0
// Authentication-Results (RFC 8601): our field as text, and which fields that came with a message
// pass themselves off as ours.
//
// Threads: any. Errors: none; every text is something.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mail/header_fields.h"

namespace mail {

// What strangers chose is cut behind so many octets, and "..." says so. No address that the
// envelope can have is that long.
inline constexpr std::size_t kMaxAuthReason = 400;
inline constexpr std::size_t kMaxAuthValue = 400;

struct AuthProperty {
  std::string name;   // "smtp.mailfrom": ours, valid as it is
  std::string value;  // any bytes
};

// One resinfo of RFC 8601 section 2.2.
struct AuthResult {
  std::string method;  // "spf": ours, valid as they are
  std::string result;  // "pass"
  std::string reason;  // any bytes; empty: none
  std::vector<AuthProperty> properties;
};

// The whole field, ending in CRLF; each result begins a line. Lines are folded to 78 columns where
// they can be, but never within a value or reason, though the grammar allows it: no line begins
// with what a stranger chose. None is above 998 octets. Bytes beyond ASCII are kept in a message
// with SMTPUTF8, where they are UTF-8 (RFC 6532); elsewhere, and for control characters, there is a
// '?'. `authserv_id` is a domain name in A-labels.
std::string auth_results_field(const std::string& authserv_id,
                               const std::vector<AuthResult>& results, bool smtputf8);

// Whether a reader may take the field for one of ours, of this server: an Authentication-Results
// field with our authserv-id, in any spelling that the grammar allows, its obsolete forms included,
// and with any version. What does not follow the grammar up to there is ours as soon as our name
// stands anywhere in it, or what could mean it: bytes beyond ASCII, an encoded word, comments above
// kMaxCommentDepth. `authserv_id` as above, lower case. Linear in the length of the field.
bool is_our_auth_results(const HeaderField& field, std::string_view authserv_id);

}  // namespace mail
