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
// Octets of the field, all of it: ten times what that of a usual message has.
inline constexpr std::size_t kMaxAuthResults = 16384;

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

// Our field while it is written. Each result begins a line. Lines are folded to 78 columns where
// they can be, but never within a value or reason, though the grammar allows it: no line begins
// with what a stranger chose. None is above 998 octets. Bytes beyond ASCII are kept in a message
// with SMTPUTF8, where they are UTF-8 (RFC 6532); elsewhere, and for control characters, there is a
// '?'.
class AuthResultsField {
 public:
  // `authserv_id` is a domain name in A-labels; `smtputf8`: of the message.
  AuthResultsField(const std::string& authserv_id, bool smtputf8);

  // False: with it and `reserve` octets more the field would be above kMaxAuthResults. Nothing is
  // added then.
  bool add(const AuthResult& result, std::size_t reserve = 0);

  // The whole field, ending in CRLF. At least one result has been added.
  const std::string& text() const;

 private:
  std::string text_;
  bool smtputf8_;
  bool is_empty_ = true;
};

inline constexpr std::string_view kAuthResults = "Authentication-Results";
bool is_auth_results(const HeaderField& field);  // by its name

// Whether a reader may take the field for one of ours, of this server: an Authentication-Results
// field with our authserv-id, in any spelling that the grammar allows, its obsolete forms included,
// and with any version. What does not follow the grammar up to there is ours as soon as our name
// stands anywhere in it, or what could mean it: bytes beyond ASCII, an encoded word, comments above
// kMaxCommentDepth. `authserv_id` as above, lower case. Linear in the length of the field.
bool is_our_auth_results(const HeaderField& field, std::string_view authserv_id);

}  // namespace mail
