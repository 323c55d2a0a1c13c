// SPDX-License-Identifier: Apache-2.0
#include "auth/rsa_key.h"

#include <bit>
#include <utility>

namespace auth {
namespace {

// Tags of DER (X.690 section 8)
constexpr char kInteger = 0x02;
constexpr char kBitString = 0x03;
constexpr char kSequence = 0x30;

using namespace std::string_view_literals;
// The sequence of the object identifier rsaEncryption and NULL
constexpr auto kRsaEncryption = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"sv;

constexpr std::size_t kLongForm = 0x80;

unsigned octet(char c) { return static_cast<unsigned char>(c); }

// The length in front of a value, in its shortest form (X.690 section 10.1); at most two octets, as
// a key record has no room for more.
std::optional<std::size_t> take_length(std::string_view& der) {
  if (der.empty()) return {};
  std::size_t length = octet(der.front());
  der.remove_prefix(1);
  if (length < kLongForm) return length;
  const std::size_t octets = length - kLongForm;
  if (octets < 1 || octets > 2 || der.size() < octets) return {};
  length = 0;
  for (std::size_t i = 0; i < octets; ++i) length = length << 8 | octet(der[i]);
  der.remove_prefix(octets);
  if (length < (octets == 1 ? kLongForm : 0x100)) return {};
  return length;
}

// Takes the value with that tag off the front.
std::optional<std::string_view> take(std::string_view& der, char tag) {
  if (der.empty() || der.front() != tag) return {};
  der.remove_prefix(1);
  const auto length = take_length(der);
  if (!length || *length > der.size()) return {};
  const std::string_view value = der.substr(0, *length);
  der.remove_prefix(*length);
  return value;
}

// All of `der` is one value.
std::optional<std::string_view> whole(std::string_view der, char tag) {
  const auto value = take(der, tag);
  return der.empty() ? value : std::nullopt;
}

// A positive odd number above 1, in its shortest form.
std::optional<std::string> take_number(std::string_view& der) {
  auto value = take(der, kInteger);
  if (!value || value->empty() || octet(value->front()) >= 0x80) return {};
  if (value->front() == 0) {
    value->remove_prefix(1);
    if (value->empty() || octet(value->front()) < 0x80) return {};
  }
  if ((octet(value->back()) & 1) == 0 || *value == "\x01") return {};
  return std::string(*value);
}

std::string put(char tag, std::string_view value) {
  std::string der(1, tag);
  if (value.size() >= 0x100) {
    der += '\x82';
    der += static_cast<char>(value.size() >> 8);
  } else if (value.size() >= kLongForm) {
    der += '\x81';
  }
  der += static_cast<char>(value.size() & 0xff);
  der += value;
  return der;
}

std::string put_number(const std::string& number) {
  const bool looks_negative = octet(number.front()) >= 0x80;
  return put(kInteger, (looks_negative ? std::string(1, '\0') : std::string()) + number);
}

// What a SubjectPublicKeyInfo holds, or all of it when it is none.
std::optional<std::string_view> without_info(std::string_view der) {
  auto info = whole(der, kSequence);
  if (!info) return {};
  const auto algorithm = take(*info, kSequence);
  if (!algorithm) return der;
  if (*algorithm != kRsaEncryption) return {};
  auto bits = whole(*info, kBitString);
  if (!bits || bits->empty() || bits->front() != 0) return {};  // no unused bits
  bits->remove_prefix(1);
  return bits;
}

}  // namespace

unsigned RsaKey::bits() const {
  const auto first = static_cast<unsigned>(std::bit_width(octet(modulus.front())));
  return static_cast<unsigned>(modulus.size() - 1) * 8 + first;
}

std::string RsaKey::to_subject_public_key_info() const {
  const std::string key = put(kSequence, put_number(modulus) + put_number(exponent));
  return put(kSequence,
             put(kSequence, kRsaEncryption) + put(kBitString, std::string(1, '\0') + key));
}

std::optional<RsaKey> parse_rsa_key(std::string_view der) {
  const auto key = without_info(der);
  if (!key) return {};
  auto numbers = whole(*key, kSequence);
  if (!numbers) return {};
  auto modulus = take_number(*numbers);
  auto exponent = take_number(*numbers);
  if (!modulus || !exponent || !numbers->empty() || exponent->size() > kMaxRsaExponent) return {};
  return RsaKey{*std::move(modulus), *std::move(exponent)};
}

}  // namespace auth
