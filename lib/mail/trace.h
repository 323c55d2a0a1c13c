// SPDX-License-Identifier: Apache-2.0
// The trace fields on top of a stored message (RFC 5321 section 4.4), as header text: each function
// returns whole fields ending in CRLF, folded to 78 columns where a blank allows it, no line above
// 998 octets (RFC 5322 section 2.1.1). Whatever the facts contain, one field comes out.
// Also, which fields that came with the message must not stay beneath them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/ip_address.h"
#include "base/time.h"
#include "mail/address.h"
#include "mail/header_fields.h"

namespace mail {

struct TlsFacts {
  std::string version;  // "TLSv1.3"
  std::string cipher;   // "TLS_AES_256_GCM_SHA384"
};

struct ReceivedFacts {
  std::string hostname;  // ours
  std::string helo;      // peer text; what a domain or literal cannot contain is written as '?'
  base::IpAddress client;
  bool esmtp = false;
  bool smtputf8 = false;
  bool require_tls = false;
  std::optional<TlsFacts> tls;
  std::string queue_id;
  std::optional<Address> only_recipient;  // set it only if there is one: others are not told of it
  base::WallTime time;
};

std::string received_field(const ReceivedFacts& facts);
std::string return_path_field(const Path& reverse_path);
std::string delivered_to_field(const Address& mailbox);

// Authentication-Results that are read in one header: an authserv-id beyond ASCII costs tens of
// microseconds to understand.
inline constexpr std::size_t kMaxAuthResultsFields = 100;

// Which fields of a header nobody may say but we, where a message is delivered: Return-Path, and
// Authentication-Results that may be taken for ours (auth_results.h); lines that only look like one
// of these; and all Authentication-Results behind the first kMaxAuthResultsFields (RFC 8601 section
// 5 lets us take out any).
class OurFields {
 public:
  explicit OurFields(std::string authserv_id) : authserv_id_(std::move(authserv_id)) {}
  // Once for each field, in their order.
  bool include(const HeaderField& field);

 private:
  std::string authserv_id_;
  std::size_t auth_results_ = 0;  // so far
};

// "Sat, 21 Nov 2026 21:03:00 +0000", RFC 5322 section 3.3; always UTC, never a locale.
std::string rfc5322_date(base::WallTime time);
// The other way round; nothing for what it does not write.
std::optional<base::WallTime> time_of(std::string_view date);

}  // namespace mail
