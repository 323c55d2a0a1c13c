// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim_signature.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "auth/dkim_tags.h"
#include "base/ascii.h"
#include "dns/name.h"
#include "mail/domain.h"
#include "mail/header_fields.h"
#include "mail/idn.h"

namespace auth {
namespace {

using Finding = DkimFinding;

constexpr std::size_t kTimeDigits = 12;    // section 3.5, t= and x=
constexpr std::size_t kLengthDigits = 76;  // section 3.5, l=
constexpr std::size_t kHashSize = 32;      // octets of SHA-256
constexpr std::size_t kStart = 64;         // octets of b= that are told

// What libopendkim has room for; a longer i= it reads past its end, a longer h= it cuts off.
constexpr std::size_t kMaxLibraryIdentity = 200;    // octets of i=, with white space
constexpr std::size_t kMaxLibraryFieldList = 4095;  // octets of h= without white space

bool parse_version(std::string_view value, DkimSignature& /*signature*/) { return value == "1"; }

// Let-dig [Ldh-str], with underscores
bool is_label(std::string_view label) {
  const auto is_inner = [](char c) { return base::is_alnum(c) || c == '-' || c == '_'; };
  return !label.empty() && label.size() <= dns::kMaxLabel && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), is_inner);
}

// sub-domain *("." sub-domain), with `least` of them
bool is_name(std::string_view name, std::size_t least) {
  if (name.size() > dns::kMaxName) return false;
  for (std::size_t labels = 1;; ++labels) {
    const auto dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return labels >= least;
    name.remove_prefix(dot + 1);
  }
}

// RFC 8616 section 5: U-labels, too. Each label for itself, as only one in ASCII may have what no
// mail domain has. In lower-case A-labels.
std::optional<std::string> to_name(std::string_view value, std::size_t least) {
  if (value.size() > mail::kMaxDomain) return {};
  std::string name;
  while (true) {
    const auto dot = value.find('.');
    const std::string_view label = value.substr(0, dot);
    const auto a_label = base::is_ascii(label) ? base::lower(label) : mail::to_a_labels(label);
    if (!a_label) return {};
    name += *a_label;
    if (dot == std::string_view::npos) break;
    name += '.';
    value.remove_prefix(dot + 1);
  }
  if (!is_name(name, least)) return {};
  return name;
}

bool parse_domain(std::string_view value, DkimSignature& signature) {
  signature.domain = signature.identity_domain = to_name(value, 2).value_or("");
  return !signature.domain.empty();
}

bool parse_selector(std::string_view value, DkimSignature& signature) {
  signature.selector = to_name(value, 1).value_or("");
  return !signature.selector.empty();
}

struct AlgorithmRow {
  std::string_view name;
  DkimAlgorithm algorithm;
};
constexpr std::array kAlgorithms = {
    AlgorithmRow{"rsa-sha256", DkimAlgorithm::RsaSha256},
    AlgorithmRow{"ed25519-sha256", DkimAlgorithm::Ed25519Sha256},
    AlgorithmRow{"rsa-sha1", DkimAlgorithm::RsaSha1},
};

bool parse_algorithm(std::string_view value, DkimSignature& signature) {
  const auto* const row =
      std::find_if(kAlgorithms.begin(), kAlgorithms.end(),
                   [&](const AlgorithmRow& candidate) { return candidate.name == value; });
  if (row == kAlgorithms.end()) return false;
  signature.algorithm = row->algorithm;
  signature.algorithm_name = row->name;
  return true;
}

bool parse_signature(std::string_view value, DkimSignature& signature) {
  auto octets = parse_dkim_base64(value);
  if (!octets) return false;
  signature.signature = *std::move(octets);
  signature.start = squeezed(value).substr(0, kStart);
  return true;
}

bool parse_body_hash(std::string_view value, DkimSignature& signature) {
  signature.body_hash = parse_dkim_base64(value).value_or("");
  // That of rsa-sha1 is never compared.
  return signature.body_hash.size() == kHashSize ||
         (signature.algorithm == DkimAlgorithm::RsaSha1 && !signature.body_hash.empty());
}

// hdr-name *( [FWS] ":" [FWS] hdr-name )
bool parse_fields(std::string_view value, DkimSignature& signature) {
  for (const std::string_view name : split_by_colon(value)) {
    if (name.empty() || !std::all_of(name.begin(), name.end(), mail::is_ftext)) return false;
    signature.fields.push_back(base::lower(name));
  }
  return true;
}

bool parse_canonicalization(std::string_view name, DkimCanonicalization& canonicalization) {
  canonicalization =
      name == "relaxed" ? DkimCanonicalization::Relaxed : DkimCanonicalization::Simple;
  return name == "relaxed" || name == "simple";
}

// header [ "/" body ]; without it the body is simple.
bool parse_canonicalizations(std::string_view value, DkimSignature& signature) {
  const auto slash = value.find('/');
  return parse_canonicalization(value.substr(0, slash), signature.header) &&
         (slash == std::string_view::npos ||
          parse_canonicalization(value.substr(slash + 1), signature.body));
}

// Quoted-string (RFC 5321 section 4.1.2), as far as its end goes.
bool is_quoted(std::string_view text) {
  if (!text.starts_with('"')) return false;
  std::size_t at = 1;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2U : 1U;
  return at + 1 == text.size();
}

// [ Local-part ] "@" domain-name, quoted-printable. What the local part says is the signer's
// affair; but only a quoted one has an at-sign.
bool parse_identity(std::string_view value, DkimSignature& signature) {
  const auto identity = parse_dkim_quoted_printable(value);
  if (!identity) return false;
  const auto at = identity->rfind('@');
  if (at == std::string::npos) return false;
  const std::string_view local_part = std::string_view(*identity).substr(0, at);
  const auto domain = to_name(std::string_view(*identity).substr(at + 1), 2);
  if (!domain || (local_part.find('@') != std::string::npos && !is_quoted(local_part)))
    return false;
  std::string told = squeezed(value);
  if (!base::is_ascii(told)) told = to_dkim_quoted_printable(local_part) + '@' + *domain;
  if (told.size() > kMaxDkimIdentity) return false;
  signature.identity = std::move(told);
  signature.identity_domain = *domain;
  return true;
}

bool parse_length(std::string_view value, DkimSignature& signature) {
  const bool digits = !value.empty() && value.size() <= kLengthDigits &&
                      std::all_of(value.begin(), value.end(), base::is_digit);
  signature.length =
      parse_digits(value, kLengthDigits).value_or(std::numeric_limits<std::uint64_t>::max());
  return digits;
}

bool parse_query(std::string_view value, DkimSignature& /*signature*/) {
  const auto methods = split_by_colon(value);
  return base::is_ascii(value) &&
         std::find(methods.begin(), methods.end(), "dns/txt") != methods.end();
}

bool parse_time(std::string_view value, DkimSignature& signature) {
  signature.time = parse_digits(value, kTimeDigits);
  return signature.time.has_value();
}

bool parse_expiry(std::string_view value, DkimSignature& signature) {
  signature.expiry = parse_digits(value, kTimeDigits);
  return signature.expiry.has_value();
}

struct TagRow {
  std::string_view name;
  bool required;
  Finding fault;
  bool (*parse)(std::string_view value, DkimSignature& signature);
};

// d= stands before i=, and a= before bh=, which look at them.
constexpr std::array kTags = {
    TagRow{"v", true, Finding::BadVersion, parse_version},
    TagRow{"d", true, Finding::BadDomain, parse_domain},
    TagRow{"s", true, Finding::BadSelector, parse_selector},
    TagRow{"a", true, Finding::BadAlgorithm, parse_algorithm},
    TagRow{"b", true, Finding::BadSignature, parse_signature},
    TagRow{"bh", true, Finding::BadBodyHash, parse_body_hash},
    TagRow{"h", true, Finding::BadFieldList, parse_fields},
    TagRow{"c", false, Finding::BadCanonicalization, parse_canonicalizations},
    TagRow{"i", false, Finding::BadIdentity, parse_identity},
    TagRow{"l", false, Finding::BadLength, parse_length},
    TagRow{"q", false, Finding::BadQuery, parse_query},
    TagRow{"t", false, Finding::BadTime, parse_time},
    TagRow{"x", false, Finding::BadExpiry, parse_expiry},
};

// All rows, so that a report has as much as there is; the first fault counts.
void read_tags(const DkimTagList& tags, ReadDkimSignature& read) {
  const auto fault = [&](Finding finding, std::string detail) {
    if (read.finding) return;
    read.finding = finding;
    read.detail = std::move(detail);
  };
  for (const TagRow& row : kTags) {
    const DkimTag* const tag = tags.find(row.name);
    if (tag == nullptr) {
      if (row.required) fault(Finding::MissingTag, std::string(row.name) + '=');
    } else if (!row.parse(tag->value, read.signature)) {
      fault(row.fault, "");
    }
  }
}

// To libopendkim, names of tags have no case; and in the field that it hashes, it empties every tag
// that has a "b" right before its "=", and no other. Section 3.2: case counts, and white space may
// stand before the "=".
bool takes_for_another(const DkimTag& tag) {
  const bool is_b = tag.name == "b";
  const bool emptied = tag.tight && tag.name.back() == 'b';
  const bool known_otherwise = std::any_of(kTags.begin(), kTags.end(), [&](const TagRow& row) {
    return tag.name != row.name && base::iequals(tag.name, row.name);
  });
  return is_b != emptied || known_otherwise;
}

bool is_within(const std::string& name, const std::string& domain) {
  return dns::is_at_or_below(name, domain);
}

std::uint64_t seconds_of(base::WallTime time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch());
  return static_cast<std::uint64_t>(std::max<std::int64_t>(seconds.count(), 0));
}

std::size_t field_list_size(const DkimSignature& signature) {
  std::size_t size = signature.fields.size() - 1;
  for (const std::string& field : signature.fields) size += field.size();
  return size;
}

bool is_for_library(std::string_view value, const DkimTagList& tags,
                    const DkimSignature& signature) {
  const DkimTag* const identity = tags.find("i");
  // It was written before RFC 8616.
  return base::is_ascii(value) &&
         std::none_of(tags.all().begin(), tags.all().end(), takes_for_another) &&
         (identity == nullptr || identity->value.size() <= kMaxLibraryIdentity) &&
         field_list_size(signature) <= kMaxLibraryFieldList &&
         // It would take the signature itself for one of them, and must not run out of them.
         !signature.names("dkim-signature");
}

// What makes a well-formed signature one that cannot pass.
std::optional<Finding> fault_of(const DkimSignature& signature, base::WallTime now) {
  const std::uint64_t seconds = seconds_of(now);
  const std::uint64_t skew = kDkimClockSkew.count();
  if (signature.algorithm == DkimAlgorithm::RsaSha1) return Finding::Sha1;
  if (!signature.names("from")) return Finding::FromNotSigned;
  if (!is_within(signature.identity_domain, signature.domain)) return Finding::ForeignIdentity;
  if (signature.expiry && signature.time && *signature.expiry <= *signature.time)
    return Finding::ExpiryBeforeTime;
  if (signature.expiry && *signature.expiry + skew < seconds) return Finding::Expired;
  if (signature.time && *signature.time > seconds + skew) return Finding::Future;
  return {};
}

Finding finding_of(DkimTagFault fault) {
  switch (fault) {
    case DkimTagFault::Malformed:
      return Finding::BadTags;
    case DkimTagFault::Duplicate:
      return Finding::DuplicateTag;
    case DkimTagFault::TooMany:
      break;
  }
  return Finding::TooLong;
}

}  // namespace

bool DkimSignature::names(std::string_view field) const {
  return std::find(fields.begin(), fields.end(), field) != fields.end();
}

ReadDkimSignature read_dkim_signature(std::string_view value, base::WallTime now) {
  ReadDkimSignature read;
  if (value.size() > kMaxDkimSignature) {
    read.finding = Finding::TooLong;
    return read;
  }
  const auto parsed = DkimTagList::parse(value, DkimCharset::Utf8);
  if (const auto* fault = std::get_if<DkimTagFault>(&parsed)) {
    read.finding = finding_of(*fault);
    return read;
  }
  const auto& tags = std::get<DkimTagList>(parsed);
  read_tags(tags, read);
  if (read.finding) return read;
  if (read.signature.fields.size() > kMaxDkimFields) {
    read.finding = Finding::TooManyFields;
    return read;
  }
  read.for_library = is_for_library(value, tags, read.signature);
  read.finding = fault_of(read.signature, now);
  return read;
}

}  // namespace auth
