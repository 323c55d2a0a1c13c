// SPDX-License-Identifier: Apache-2.0
// DKIM key records (RFC 6376 section 3.6.1, RFC 8301, RFC 8463), read by a grammar of our own; what
// a library is given is written anew.
//
// A record without "v=" counts, as the RFC has it. Linear in its length. For any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "auth/dkim_signature.h"
#include "auth/settings.h"
#include "dns/answer.h"

namespace auth {

inline constexpr std::size_t kMaxDkimKeyRecord = 8192;  // octets
inline constexpr unsigned kMaxRsaBits = 4096;           // RFC 8301 section 3.2 asks for as much
// Octets of a record as written anew; longer ones do not fit into what our library has for them.
inline constexpr std::size_t kMaxLibraryRecord = 1024;

struct DkimKey {
  enum class Type : std::uint8_t { Rsa, Ed25519 };

  Type type = Type::Rsa;
  std::string data;            // p=: of Ed25519 the key, of RSA a SubjectPublicKeyInfo
  unsigned bits = 0;           // of RSA
  bool for_sha256 = true;      // h=
  bool for_mail = true;        // s=
  bool for_subdomains = true;  // no "s" in t=
  bool testing = false;        // a "y" in t=
};

// The finding is of the record as such.
std::variant<DkimKey, DkimFinding> parse_dkim_key(std::string_view record);

// Of all records at a name the one that is a key. Others are none of our business, unless there is
// nothing else.
std::variant<DkimKey, DkimFinding> select_dkim_key(const std::vector<std::string>& records);

// Why the key must not verify the signature, or nothing.
std::optional<DkimFinding> misuse_of(const DkimKey& key, const DkimSignature& signature,
                                     const DkimSettings& settings);

// The least that says what kind of key it is. At most kMaxLibraryRecord octets for a key that was
// not found too long.
std::string library_record(const DkimKey& key);

}  // namespace auth
