// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim_key.h"

#include <algorithm>
#include <array>
#include <utility>

#include "auth/dkim_tags.h"
#include "auth/rsa_key.h"
#include "base/base64.h"

namespace auth {
namespace {

using Finding = DkimFinding;
using Type = DkimKey::Type;

constexpr std::size_t kEd25519Size = 32;  // octets; RFC 8463 section 4

// Whether one of `wanted` is in a list between colons; what we do not know is ignored.
bool lists(const DkimTagList& tags, std::string_view tag,
           std::initializer_list<std::string_view> wanted) {
  const DkimTag* const found = tags.find(tag);
  if (found == nullptr) return false;
  const auto members = split_by_colon(found->value);
  return std::find_first_of(members.begin(), members.end(), wanted.begin(), wanted.end()) !=
         members.end();
}

bool allows(const DkimTagList& tags, std::string_view tag,
            std::initializer_list<std::string_view> wanted) {
  return tags.find(tag) == nullptr || lists(tags, tag, wanted);
}

// v= is the first tag, if there is one at all.
bool has_known_version(const DkimTagList& tags) {
  const DkimTag* const version = tags.find("v");
  return version == nullptr || (version == &tags.all().front() && version->value == "DKIM1");
}

std::optional<Finding> read_type(const DkimTagList& tags, DkimKey& key) {
  const DkimTag* const type = tags.find("k");
  if (type != nullptr && type->value != "rsa" && type->value != "ed25519") return Finding::KeyType;
  key.type = type == nullptr || type->value == "rsa" ? Type::Rsa : Type::Ed25519;
  return {};
}

std::optional<Finding> read_data(std::string_view value, DkimKey& key) {
  if (value.empty()) return Finding::KeyRevoked;
  auto data = parse_dkim_base64(value);
  if (!data) return Finding::BadKey;
  if (key.type == Type::Ed25519) {
    if (data->size() != kEd25519Size) return Finding::BadKey;
    key.data = *std::move(data);
    return {};
  }
  const auto rsa = parse_rsa_key(*data);
  if (!rsa) return Finding::BadKey;
  key.bits = rsa->bits();
  key.data = rsa->to_subject_public_key_info();
  return {};
}

std::optional<Finding> read_key(const DkimTagList& tags, DkimKey& key) {
  if (!has_known_version(tags)) return Finding::KeyVersion;
  const DkimTag* const data = tags.find("p");
  if (data == nullptr) return Finding::BadKey;
  if (const auto finding = read_type(tags, key)) return finding;
  key.for_sha256 = allows(tags, "h", {"sha256"});
  key.for_mail = allows(tags, "s", {"*", "email"});
  key.for_subdomains = !lists(tags, "t", {"s"});
  key.testing = lists(tags, "t", {"y"});
  return read_data(data->value, key);
}

bool fits(Type type, DkimAlgorithm algorithm) {
  return (type == Type::Ed25519) == (algorithm == DkimAlgorithm::Ed25519Sha256);
}

}  // namespace

std::variant<DkimKey, DkimFinding> parse_dkim_key(std::string_view record) {
  if (record.size() > kMaxDkimKeyRecord) return Finding::BadKey;
  const auto tags = DkimTagList::parse(record, DkimCharset::Ascii);
  if (std::holds_alternative<DkimTagFault>(tags)) return Finding::BadKey;
  DkimKey key;
  if (const auto finding = read_key(std::get<DkimTagList>(tags), key)) return *finding;
  return key;
}

// Section 3.6.2.2: there should be one; which of several counts is undefined.
std::variant<DkimKey, DkimFinding> select_dkim_key(const std::vector<std::string>& records) {
  std::optional<DkimKey> key;
  std::optional<Finding> finding;
  for (const std::string& record : records) {
    auto parsed = parse_dkim_key(record);
    if (const auto* fault = std::get_if<Finding>(&parsed)) {
      if (*fault == Finding::KeyRevoked) return *fault;
      finding = finding.value_or(*fault);
    } else if (key) {
      return Finding::SeveralKeys;
    } else {
      key = std::get<DkimKey>(std::move(parsed));
    }
  }
  if (key) return *std::move(key);
  return finding.value_or(Finding::NoKey);
}

std::optional<DkimFinding> misuse_of(const DkimKey& key, const DkimSignature& signature,
                                     const DkimSettings& settings) {
  if (!fits(key.type, signature.algorithm)) return Finding::KeyType;
  if (!key.for_sha256) return Finding::KeyHash;
  if (!key.for_mail) return Finding::KeyService;
  if (!key.for_subdomains && signature.identity_domain != signature.domain)
    return Finding::KeySubdomain;
  if (key.type == Type::Rsa && key.bits < settings.min_rsa_bits) return Finding::KeyTooShort;
  if (key.type == Type::Rsa && key.bits > kMaxRsaBits) return Finding::KeyTooLong;
  return {};
}

std::string library_record(const DkimKey& key) {
  const char* const begin = key.type == Type::Rsa ? "v=DKIM1; k=rsa; p=" : "v=DKIM1; k=ed25519; p=";
  return begin + base::to_base64(key.data);
}

}  // namespace auth
