// SPDX-License-Identifier: Apache-2.0
// RSA public keys in DER, as key records have them: RSAPublicKey (RFC 8017 appendix A.1.1), which
// is what RFC 6376 section 3.6.1 says, and SubjectPublicKeyInfo (RFC 5280 section 4.1), which is
// what everybody publishes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace auth {

// Larger exponents would cost time and are nobody's.
inline constexpr std::size_t kMaxRsaExponent = 8;  // octets

struct RsaKey {
  std::string modulus;   // big-endian, without zeros in front
  std::string exponent;  // likewise

  unsigned bits() const;                           // of the modulus
  std::string to_subject_public_key_info() const;  // DER
};

// Nothing for what is no DER of one of the two, with nothing behind it; for even or tiny numbers,
// which no key has; for larger exponents.
std::optional<RsaKey> parse_rsa_key(std::string_view der);

}  // namespace auth
