// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim_crypto.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>

#include "base/assert.h"

namespace auth {
namespace {

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

EVP_MD_CTX* context_of(void* context) { return static_cast<EVP_MD_CTX*>(context); }

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeKeyContext {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
struct FreeDigestContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

bool is_signed_by_rsa(const DkimKey& key, const std::string& sha256, const std::string& signature) {
  const unsigned char* der = bytes_of(key.data);
  const std::unique_ptr<EVP_PKEY, FreeKey> rsa(
      d2i_PUBKEY(nullptr, &der, static_cast<long>(key.data.size())));
  if (!rsa) return false;
  const std::unique_ptr<EVP_PKEY_CTX, FreeKeyContext> context(EVP_PKEY_CTX_new(rsa.get(), nullptr));
  POSTERN_ASSERT(context);
  return EVP_PKEY_verify_init(context.get()) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
         EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) == 1 &&
         EVP_PKEY_verify(context.get(), bytes_of(signature), signature.size(), bytes_of(sha256),
                         sha256.size()) == 1;
}

bool is_signed_by_ed25519(const DkimKey& key, const std::string& sha256,
                          const std::string& signature) {
  const std::unique_ptr<EVP_PKEY, FreeKey> point(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(key.data), key.data.size()));
  const std::unique_ptr<EVP_MD_CTX, FreeDigestContext> context(EVP_MD_CTX_new());
  POSTERN_ASSERT(context);
  return point &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, point.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(sha256),
                          sha256.size()) == 1;
}

}  // namespace

void Sha256::Free::operator()(void* context) const { EVP_MD_CTX_free(context_of(context)); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  POSTERN_ASSERT(context_ && EVP_DigestInit_ex(context_of(context_.get()), EVP_sha256(), nullptr));
}

void Sha256::add(std::string_view octets) {
  POSTERN_ASSERT(EVP_DigestUpdate(context_of(context_.get()), octets.data(), octets.size()));
}

std::string Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  POSTERN_ASSERT(EVP_DigestFinal_ex(context_of(context_.get()), hash.data(), &size));
  return {hash.begin(), hash.begin() + size};
}

bool is_signed_by(const DkimKey& key, const std::string& sha256, const std::string& signature) {
  return key.type == DkimKey::Type::Rsa ? is_signed_by_rsa(key, sha256, signature)
                                        : is_signed_by_ed25519(key, sha256, signature);
}

}  // namespace auth
