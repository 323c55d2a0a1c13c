// SPDX-License-Identifier: Apache-2.0
// One DKIM-Signature field, read by a grammar of our own before any library sees it (RFC 6376
// section 3.5).
//
// Where we are laxer: selectors and domains may have underscores, as names of the DNS may, and
// white space may be folded several times in a row. Where stricter: base64 has one form only.
// UTF-8 may stand where RFC 8616 section 5 has it, and in unknown tags, whether or not the message
// came by SMTPUTF8: that is between the last two servers, and its signer was none of them.
// Linear in the length of the field. For any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim_verdict.h"
#include "base/time.h"

namespace auth {

inline constexpr std::size_t kMaxDkimSignature = 16384;     // octets of a field, all of it
inline constexpr std::size_t kMaxDkimFields = 256;          // names in h=
inline constexpr std::size_t kMaxDkimIdentity = 512;        // octets of DkimSignature::identity
inline constexpr std::chrono::seconds kDkimClockSkew{300};  // that a signer's clock may be wrong by

enum class DkimAlgorithm : std::uint8_t { RsaSha256, Ed25519Sha256, RsaSha1 };
enum class DkimCanonicalization : std::uint8_t { Simple, Relaxed };

struct DkimSignature {
  std::string domain;    // d=, in lower-case A-labels
  std::string selector;  // s=, in lower-case A-labels
  // i=, without white space; empty: none. Of one with UTF-8 the domain is in A-labels, and what
  // stands before it quoted-printable.
  std::string identity;
  std::string identity_domain;  // of i=, in lower-case A-labels; without i= that of d=
  DkimAlgorithm algorithm = DkimAlgorithm::RsaSha256;
  std::string algorithm_name;  // a=; empty: none that we know
  DkimCanonicalization header = DkimCanonicalization::Simple;
  DkimCanonicalization body = DkimCanonicalization::Simple;
  std::vector<std::string> fields;      // h=, lower case
  std::optional<std::uint64_t> length;  // l=; one that is no std::uint64_t is the greatest
  std::optional<std::uint64_t> time;    // t=, seconds since 1970
  std::optional<std::uint64_t> expiry;  // x=
  std::string start;                    // of b=, without white space
  std::string signature;                // b=, decoded
  std::string body_hash;                // bh=, decoded

  bool names(std::string_view field) const;  // in h=; lower case
};

struct ReadDkimSignature {
  DkimSignature signature;             // as far as it could be read
  std::optional<DkimFinding> finding;  // nothing: it is to be judged
  std::string detail;                  // to the finding: which tag; printable ASCII
  bool for_library = true;             // libopendkim reads it as we do, and has room for all of it
};

// What stands behind the colon, raw.
ReadDkimSignature read_dkim_signature(std::string_view value, base::WallTime now);

}  // namespace auth
