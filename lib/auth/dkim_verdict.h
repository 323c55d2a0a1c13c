// SPDX-License-Identifier: Apache-2.0
// What became of the DKIM signatures of a message, as values. The reasons are one table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dns/answer.h"

namespace auth {

// Spelled as RFC 8601 section 2.7.1 has them. A message without signatures has no verdicts.
enum class DkimResult : std::uint8_t {
  Pass,
  Fail,
  Policy,
  Neutral,
  TempError,
  PermError,
  Last_ = PermError
};

const char* name_of(DkimResult result);

// What was found of one signature: the first of these that holds, in the order of the checks.
enum class DkimFinding : std::uint8_t {
  // The message.
  BadHeader,
  NoFrom,
  // The signature, alone.
  TooLong,
  BadTags,
  DuplicateTag,
  MissingTag,
  BadVersion,
  BadDomain,
  BadSelector,
  BadAlgorithm,
  BadSignature,
  BadBodyHash,
  BadFieldList,
  BadCanonicalization,
  BadIdentity,
  BadLength,
  BadQuery,
  BadTime,
  BadExpiry,
  Sha1,
  FromNotSigned,
  ForeignIdentity,
  ExpiryBeforeTime,
  Expired,
  Future,
  TooManyFields,
  Surplus,
  // Its key.
  KeyUnavailable,
  NoKey,
  SeveralKeys,
  BadKey,
  KeyVersion,
  KeyType,
  KeyRevoked,
  KeyHash,
  KeyService,
  KeySubdomain,
  KeyTooShort,
  KeyTooLong,
  // The body and the signature proper.
  BadBody,
  LengthBeyondBody,
  LengthShort,
  BodyAltered,
  Mismatch,
  LibraryTrouble,
  Passed,
  Last_ = Passed
};

struct DkimRule {
  DkimFinding finding;
  DkimResult result;
  const char* section;  // that it stands on: "RFC 6376 section 6.1.1"
  const char* reason;   // for logs and reports
};

const DkimRule& rule_of(DkimFinding finding);

// Of a signature that has no such tag, or a bad one, they are empty. Printable ASCII.
struct DkimVerdict {
  DkimResult result = DkimResult::Neutral;
  std::string domain;     // d=, in lower-case A-labels
  std::string selector;   // s=, in lower-case A-labels
  std::string identity;   // i=, as DkimSignature has it; empty: not given
  std::string algorithm;  // a=
  std::string signature;  // the begin of b=, as header.b has it (RFC 6008)
  std::string reason;
  std::string section;
  dns::Security key_security = dns::Security::Unknown;  // of the answer that has the key
  bool testing = false;  // the key says that the domain only tries DKIM (RFC 6376 section 3.6.1)

  bool operator==(const DkimVerdict&) const = default;
  void visit(auto& v) {
    v(result, domain, selector, identity, algorithm, signature, reason, section, key_security,
      testing);
  }
};

struct DkimVerdicts {
  std::vector<DkimVerdict> signatures;  // in the order of the header, from its top
  std::uint32_t unlisted = 0;           // that stand behind these, and were not looked at

  bool operator==(const DkimVerdicts&) const = default;
  void visit(auto& v) { v(signatures, unlisted); }
};

}  // namespace auth
