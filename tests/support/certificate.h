// SPDX-License-Identifier: Apache-2.0
// Throw-away certificates for tests.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace support {

struct CertificateAndKey {
  std::string chain_pem;
  std::string key_pem;
};

template <class Write>
std::string pem_text(Write write) {
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
  write(bio.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// Self-signed for `name`, valid from now for `seconds` (negative: expired), with `new_key`.
inline CertificateAndKey make_certificate(const std::string& name, long seconds = 86400,
                                          EVP_PKEY* new_key = EVP_EC_gen("P-256")) {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(new_key, EVP_PKEY_free);
  const std::unique_ptr<X509, void (*)(X509*)> certificate(X509_new(), X509_free);
  X509* x509 = certificate.get();
  X509_set_version(x509, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), seconds < 0 ? 2 * seconds : 0);
  X509_gmtime_adj(X509_getm_notAfter(x509), seconds);
  X509_set_pubkey(x509, key.get());
  X509_NAME* subject = X509_get_subject_name(x509);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(x509, subject);
  X509_sign(x509, key.get(), EVP_sha256());
  return {pem_text([&](BIO* bio) { PEM_write_bio_X509(bio, x509); }), pem_text([&](BIO* bio) {
            PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace support
