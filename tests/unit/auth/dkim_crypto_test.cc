// SPDX-License-Identifier: Apache-2.0
// That good signatures are good is shown by tests/auth/dkim/.
#include "auth/dkim_crypto.h"

#include <catch2/catch.hpp>

#include "base/base64.h"

namespace {

std::string hash_of(std::string_view text) {
  auth::Sha256 hash;
  for (const char& c : text) hash.add({&c, 1});
  return base::to_base64(hash.finish());
}

auth::DkimKey key_of(auth::DkimKey::Type type, std::string data) {
  auth::DkimKey key;
  key.type = type;
  key.data = std::move(data);
  return key;
}

}  // namespace

// FIPS 180-4; RFC 6376 section 3.4.4 has the first.
TEST_CASE("dkim crypto: SHA-256") {
  CHECK(hash_of("") == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  CHECK(hash_of("\r\n") == "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=");
  CHECK(hash_of("abc") == "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

TEST_CASE("dkim crypto: keys and signatures that are none") {
  using Type = auth::DkimKey::Type;
  const std::string hash(32, 'h');
  for (const std::size_t size : {0U, 1U, 63U, 64U, 65U, 128U, 12'000U}) {
    const std::string signature(size, '\1');
    for (const char octet : {'\0', '\1', '\xff'}) {
      CHECK_FALSE(is_signed_by(key_of(Type::Ed25519, std::string(32, octet)), hash, signature));
      CHECK_FALSE(is_signed_by(key_of(Type::Rsa, std::string(32, octet)), hash, signature));
    }
    CHECK_FALSE(is_signed_by(key_of(Type::Ed25519, ""), hash, signature));
    CHECK_FALSE(is_signed_by(key_of(Type::Rsa, ""), hash, signature));
  }
}
