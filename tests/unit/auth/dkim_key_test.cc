// SPDX-License-Identifier: Apache-2.0
// Key records, and the RSA keys in them; that each rule has its finding is in tests/auth/dkim/.
#include "auth/dkim_key.h"

#include <catch2/catch.hpp>

#include "auth/rsa_key.h"
#include "base/base64.h"

using auth::DkimFinding;

namespace {

// A modulus of so many bits.
auth::RsaKey rsa_of(unsigned bits) {
  std::string modulus((bits + 7) / 8, '\xff');
  modulus.front() = static_cast<char>(0xff >> (modulus.size() * 8 - bits));
  return {modulus,
          "\x01"
          "\x01"};
}

std::string record_of(const auth::RsaKey& key) {
  return "p=" + base::to_base64(key.to_subject_public_key_info());
}

auth::DkimKey key_of(const std::string& record) {
  const auto parsed = auth::parse_dkim_key(record);
  REQUIRE(std::holds_alternative<auth::DkimKey>(parsed));
  return std::get<auth::DkimKey>(parsed);
}

std::optional<DkimFinding> finding_of(const std::vector<std::string>& records) {
  const auto selected = auth::select_dkim_key(records);
  const auto* finding = std::get_if<DkimFinding>(&selected);
  return finding == nullptr ? std::nullopt : std::optional(*finding);
}

}  // namespace

TEST_CASE("rsa key: there and back, whatever its length") {
  for (const unsigned bits :
       {9u, 64u, 127u, 128u, 1000u, 1016u, 1017u, 1023u, 1024u, 2048u, 4096u, 16000u}) {
    const auth::RsaKey key = rsa_of(bits);
    CHECK(key.bits() == bits);
    const auto again = auth::parse_rsa_key(key.to_subject_public_key_info());
    REQUIRE(again);
    CHECK(again->modulus == key.modulus);
    CHECK(again->exponent == key.exponent);
  }
}

TEST_CASE("rsa key: any octet that is cut off or changed in its frame is seen") {
  const auth::RsaKey key = rsa_of(512);
  const std::string der = key.to_subject_public_key_info();
  for (std::size_t size = 0; size < der.size(); ++size)
    CHECK_FALSE(auth::parse_rsa_key(std::string_view(der).substr(0, size)));
  const std::size_t frame = der.find(key.modulus) - 1;  // without its sign
  for (std::size_t at = 0; at < frame; ++at) {
    std::string other = der;
    other[at] = static_cast<char>(other[at] ^ 1);
    CHECK_FALSE(auth::parse_rsa_key(other));
  }
}

TEST_CASE("dkim key: what it is for") {
  const std::string p = record_of(rsa_of(1024));
  const auth::DkimKey plain = key_of(p);
  CHECK(plain.type == auth::DkimKey::Type::Rsa);
  CHECK(plain.bits == 1024);
  CHECK(plain.for_sha256);
  CHECK(plain.for_mail);
  CHECK(plain.for_subdomains);
  CHECK_FALSE(plain.testing);
  const auth::DkimKey narrow = key_of("v=DKIM1; h=sha1; s=other; t=s : y; " + p);
  CHECK_FALSE(narrow.for_sha256);
  CHECK_FALSE(narrow.for_mail);
  CHECK_FALSE(narrow.for_subdomains);
  CHECK(narrow.testing);
}

TEST_CASE("dkim key: which of several records") {
  const std::string key = record_of(rsa_of(1024));
  CHECK(finding_of({}) == DkimFinding::NoKey);
  CHECK_FALSE(finding_of({key}));
  CHECK_FALSE(finding_of({"v=spf1 -all", key, "", "google-site-verification=x"}));
  CHECK(finding_of({key, key}) == DkimFinding::SeveralKeys);
  CHECK(finding_of({key, "p="}) == DkimFinding::KeyRevoked);
  CHECK(finding_of({"p=", key}) == DkimFinding::KeyRevoked);
  CHECK(finding_of({"x", "v=DKIM2; p="}) == DkimFinding::BadKey);
}

TEST_CASE("dkim key: its length") {
  const std::string key = record_of(rsa_of(1024)) + "; n=";
  const std::string most(auth::kMaxDkimKeyRecord - key.size(), 'x');
  CHECK_FALSE(finding_of({key + most}));
  CHECK(finding_of({key + most + 'x'}) == DkimFinding::BadKey);
}

TEST_CASE("dkim key: what our library is given") {
  for (const unsigned bits : {512u, 1024u, auth::kMaxRsaBits}) {
    const auth::DkimKey key = key_of("t=y; n=note; h=sha256; " + record_of(rsa_of(bits)));
    const std::string record = auth::library_record(key);
    CHECK(record.starts_with("v=DKIM1; k=rsa; p="));
    CHECK(record.size() <= auth::kMaxLibraryRecord);
    CHECK(key_of(record).data == key.data);
  }
  const std::string ed25519 = "k=ed25519; p=" + base::to_base64(std::string(32, '\x80'));
  CHECK(auth::library_record(key_of(ed25519)) == "v=DKIM1; " + ed25519);
}

TEST_CASE("dkim key: RSAPublicKey is the same key") {
  const auth::RsaKey key = rsa_of(1024);
  const std::string info = key.to_subject_public_key_info();
  // Behind the algorithm, the header of the bit string and its count of unused bits.
  const std::string bare = info.substr(info.find("\x03\x81\x8c") + 4);
  CHECK(key_of("p=" + base::to_base64(bare)).data == info);
}
