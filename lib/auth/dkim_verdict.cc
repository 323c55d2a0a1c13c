// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim_verdict.h"

#include <algorithm>
#include <array>

namespace auth {
namespace {

using Result = DkimResult;
using Finding = DkimFinding;

// RFC 8601 section 2.7.1: syntax errors, and what could not be processed, are "neutral"; what we do
// not accept is "policy"; what nobody can ever verify is "permerror".
constexpr std::array kRules = {
    DkimRule{Finding::BadHeader, Result::Neutral, "RFC 5322 section 2.2",
             "the header has a NUL, or a CR or LF alone"},
    DkimRule{Finding::NoFrom, Result::PermError, "RFC 6376 section 5.4",
             "the message has no From field"},
    DkimRule{Finding::TooLong, Result::Policy, "RFC 6376 section 6.1.1",
             "the signature is longer than 16384 octets, or has more than 100 tags"},
    DkimRule{Finding::BadTags, Result::Neutral, "RFC 6376 section 3.2",
             "the tag list is malformed"},
    DkimRule{Finding::DuplicateTag, Result::Neutral, "RFC 6376 section 3.2",
             "a tag is there twice"},
    DkimRule{Finding::MissingTag, Result::Neutral, "RFC 6376 section 6.1.1", "a tag is missing"},
    DkimRule{Finding::BadVersion, Result::Neutral, "RFC 6376 section 6.1.1",
             "v= is no version that we know"},
    DkimRule{Finding::BadDomain, Result::Neutral, "RFC 6376 section 3.5", "d= is no domain name"},
    DkimRule{Finding::BadSelector, Result::Neutral, "RFC 6376 section 3.1", "s= is no selector"},
    DkimRule{Finding::BadAlgorithm, Result::Neutral, "RFC 6376 section 3.3",
             "a= is no algorithm that we know"},
    DkimRule{Finding::BadSignature, Result::Neutral, "RFC 6376 section 3.5", "b= is no base64"},
    DkimRule{Finding::BadBodyHash, Result::Neutral, "RFC 6376 section 3.5",
             "bh= is no hash in base64"},
    DkimRule{Finding::BadFieldList, Result::Neutral, "RFC 6376 section 3.5",
             "h= is no list of field names"},
    DkimRule{Finding::BadCanonicalization, Result::Neutral, "RFC 6376 section 3.5",
             "c= is no canonicalization that we know"},
    DkimRule{Finding::BadIdentity, Result::Neutral, "RFC 6376 section 3.5", "i= is no identity"},
    DkimRule{Finding::BadLength, Result::Neutral, "RFC 6376 section 3.5", "l= is no number"},
    DkimRule{Finding::BadQuery, Result::Neutral, "RFC 6376 section 3.5",
             "q= has no method that we know"},
    DkimRule{Finding::BadTime, Result::Neutral, "RFC 6376 section 3.5", "t= is no time"},
    DkimRule{Finding::BadExpiry, Result::Neutral, "RFC 6376 section 3.5", "x= is no time"},
    DkimRule{Finding::Sha1, Result::Policy, "RFC 8301 section 3.1", "rsa-sha1 is not accepted"},
    DkimRule{Finding::FromNotSigned, Result::PermError, "RFC 6376 section 5.4",
             "From is not signed"},
    DkimRule{Finding::ForeignIdentity, Result::PermError, "RFC 6376 section 6.1.1",
             "i= is not within d="},
    DkimRule{Finding::ExpiryBeforeTime, Result::Neutral, "RFC 6376 section 3.5",
             "x= is not later than t="},
    DkimRule{Finding::Expired, Result::Policy, "RFC 6376 section 6.1.1",
             "the signature has expired"},
    DkimRule{Finding::Future, Result::Policy, "RFC 6376 section 3.5",
             "the signature is from the future"},
    DkimRule{Finding::TooManyFields, Result::Policy, "RFC 6376 section 6.1.1",
             "h= names more than 256 fields"},
    DkimRule{Finding::Surplus, Result::Policy, "RFC 6376 section 6.1",
             "the message has too many signatures"},
    DkimRule{Finding::KeyUnavailable, Result::TempError, "RFC 6376 section 6.1.2",
             "the key could not be asked for"},
    DkimRule{Finding::NoKey, Result::PermError, "RFC 6376 section 6.1.2", "there is no key"},
    DkimRule{Finding::SeveralKeys, Result::PermError, "RFC 6376 section 3.6.2.2",
             "there are several keys"},
    DkimRule{Finding::BadKey, Result::PermError, "RFC 6376 section 3.6.1",
             "the key record is malformed"},
    DkimRule{Finding::KeyVersion, Result::PermError, "RFC 6376 section 3.6.1",
             "the key is of a version that we do not know"},
    DkimRule{Finding::KeyType, Result::PermError, "RFC 6376 section 6.1.2",
             "the key is for another algorithm"},
    DkimRule{Finding::KeyRevoked, Result::PermError, "RFC 6376 section 6.1.2",
             "the key is revoked"},
    DkimRule{Finding::KeyHash, Result::PermError, "RFC 6376 section 6.1.2",
             "the key is for other hashes"},
    DkimRule{Finding::KeyService, Result::PermError, "RFC 6376 section 3.6.1",
             "the key is for other services"},
    DkimRule{Finding::KeySubdomain, Result::PermError, "RFC 6376 section 3.6.1",
             "the key is not for identities of subdomains"},
    DkimRule{Finding::KeyTooShort, Result::Policy, "RFC 8301 section 3.2", "the key is too short"},
    DkimRule{Finding::KeyTooLong, Result::Policy, "RFC 8301 section 3.2",
             "the key is longer than 4096 bits"},
    DkimRule{Finding::BadBody, Result::Neutral, "RFC 5322 section 2.3",
             "the body has a CR or LF alone"},
    DkimRule{Finding::LengthBeyondBody, Result::Neutral, "RFC 6376 section 3.5",
             "l= is greater than the body"},
    DkimRule{Finding::LengthShort, Result::Policy, "RFC 6376 section 8.2",
             "l= leaves a part of the body unsigned"},
    DkimRule{Finding::BodyAltered, Result::Fail, "RFC 6376 section 6.1.3",
             "the body is not the one that was signed"},
    DkimRule{Finding::Mismatch, Result::Fail, "RFC 6376 section 6.1.3",
             "the signature does not match"},
    DkimRule{Finding::LibraryTrouble, Result::TempError, "RFC 6376 section 6.1.3",
             "our library could not judge"},
    DkimRule{Finding::Passed, Result::Pass, "RFC 6376 section 6.1.3", "the signature matches"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRules.size(); ++i)
    if (kRules.at(i).finding != static_cast<Finding>(i)) return false;
  return kRules.size() == static_cast<std::size_t>(Finding::Last_) + 1;
}
static_assert(in_order());

}  // namespace

const char* name_of(DkimResult result) {
  static constexpr std::array kNames = {"pass",    "fail",      "policy",
                                        "neutral", "temperror", "permerror"};
  return kNames.at(static_cast<std::size_t>(result));
}

const DkimRule& rule_of(DkimFinding finding) {
  return kRules.at(static_cast<std::size_t>(finding));
}

}  // namespace auth
