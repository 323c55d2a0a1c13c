// SPDX-License-Identifier: Apache-2.0
#include "net/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/assert.h"

namespace net {
namespace {

// NCSC-NL 2025-05 "good" before "sufficient"; TLS 1.2 suites all ECDHE with AEAD (RFC 9325 4.2).
constexpr const char* kTls13Suites =
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
constexpr const char* kTls12Suites =
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";
constexpr const char* kGroups = "X25519:P-256:X448:P-384:P-521";  // no finite-field groups
// No SHA-1 and no SHA-224 (RFC 9155).
constexpr const char* kSignatures =
    "ed25519:ed448:ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:"
    "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:"
    "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512";

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct X509Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using BioPtr = std::unique_ptr<BIO, BioFree>;
using X509Ptr = std::unique_ptr<X509, X509Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, KeyFree>;

// The first queued OpenSSL error in words, with the cure where we know one; the queue is emptied.
std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  const char* reason = ERR_reason_error_string(code);
  ERR_clear_error();
  const bool short_key = ERR_GET_REASON(code) == SSL_R_EE_KEY_TOO_SMALL;
  return std::string(reason != nullptr ? reason : "unknown error") +
         (short_key ? "; use RSA of at least 2048 bits or ECDSA P-256" : "");
}

BioPtr open_pem(const std::string& pem) {
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  POSTERN_ASSERT(bio != nullptr);
  return bio;
}

// An encrypted key must not make the daemon ask on a terminal.
int refuse_passphrase(char*, int, int, void*) { return -1; }

X509Ptr read_certificate(BIO* bio) {
  return X509Ptr(PEM_read_bio_X509(bio, nullptr, refuse_passphrase, nullptr));
}

base::Status use_chain(SSL_CTX* context, const Certificate& certificate) {
  const BioPtr bio = open_pem(certificate.chain_pem);
  const X509Ptr leaf = read_certificate(bio.get());
  if (!leaf) {
    ERR_clear_error();
    return base::Error::permanent(certificate.chain_name + ": holds no PEM certificate");
  }
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1)
    return base::Error::permanent(certificate.chain_name +
                                  ": certificate not usable: " + openssl_reason());
  while (const X509Ptr next = read_certificate(bio.get()))
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1)
      return base::Error::permanent(certificate.chain_name +
                                    ": chain not usable: " + openssl_reason());
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end)
    return base::Error::permanent(certificate.chain_name + ": a certificate in it is damaged");
  return base::ok();
}

base::Status use_key(SSL_CTX* context, const Certificate& certificate) {
  const BioPtr bio = open_pem(certificate.key_pem);
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_passphrase, nullptr));
  if (!key) {
    ERR_clear_error();
    return base::Error::permanent(certificate.key_name + ": holds no unencrypted PEM private key");
  }
  X509* leaf = SSL_CTX_get0_certificate(context);
  if (X509_check_private_key(leaf, key.get()) != 1) {
    ERR_clear_error();
    return base::Error::permanent(
        certificate.key_name + ": does not belong to the certificate in " + certificate.chain_name +
        "; point tls.certificate.key at the key the certificate was issued for");
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    return base::Error::permanent(certificate.key_name + ": key not usable: " + openssl_reason());
  return base::ok();
}

base::Status load_certificate(SSL_CTX* context, const Certificate& certificate) {
  if (auto status = use_chain(context, certificate); !status) return status;
  return use_key(context, certificate);
}

// What the macros SSL_CTX_set1_groups_list and _sigalgs_list do, with a cast that says so; OpenSSL
// only reads the list.
long set_list(SSL_CTX* context, int command, const char* list) {
  return SSL_CTX_ctrl(context, command, 0, const_cast<char*>(list));
}

void apply_policy(SSL_CTX* context, TlsVersion min_version) {
  const int version = min_version == TlsVersion::V1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
  POSTERN_ASSERT(SSL_CTX_set_min_proto_version(context, version) == 1);
  POSTERN_ASSERT(SSL_CTX_set_cipher_list(context, kTls12Suites) == 1);
  POSTERN_ASSERT(SSL_CTX_set_ciphersuites(context, kTls13Suites) == 1);
  POSTERN_ASSERT(set_list(context, SSL_CTRL_SET_GROUPS_LIST, kGroups) == 1);
  POSTERN_ASSERT(set_list(context, SSL_CTRL_SET_SIGALGS_LIST, kSignatures) == 1);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_early_data(context, 0);
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_default_passwd_cb(context, refuse_passphrase);
  // A read returns behind each record that holds no data. Otherwise a client that sends nothing but
  // KeyUpdate (RFC 8446 section 4.6.3) would keep it, and our loop, from returning.
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

base::Result<TlsContext> TlsContext::make(const TlsSettings& settings) {
  if (settings.certificates.empty()) return base::Error::permanent("no TLS certificate configured");
  TlsContext result(SSL_CTX_new(TLS_server_method()));
  POSTERN_ASSERT(result.context_ != nullptr);
  apply_policy(result.context_.get(), settings.min_version);
  const Certificate& certificate = settings.certificates.front();
  if (auto status = load_certificate(result.context_.get(), certificate); !status)
    return status.error();
  result.chain_name_ = certificate.chain_name;
  return result;
}

ssl_st* TlsContext::new_ssl(int fd) const {
  SSL* ssl = SSL_new(context_.get());
  if (ssl == nullptr) return nullptr;
  if (SSL_set_fd(ssl, fd) != 1) {
    SSL_free(ssl);
    return nullptr;
  }
  SSL_set_accept_state(ssl);
  return ssl;
}

int TlsContext::days_left(base::WallTime now) const {
  const time_t seconds = std::chrono::system_clock::to_time_t(now);
  const std::unique_ptr<ASN1_TIME, void (*)(ASN1_TIME*)> today(ASN1_TIME_set(nullptr, seconds),
                                                               ASN1_TIME_free);
  int days = 0;
  int rest = 0;
  const X509* leaf = SSL_CTX_get0_certificate(context_.get());
  ASN1_TIME_diff(&days, &rest, today.get(), X509_get0_notAfter(leaf));
  return days;
}

std::vector<std::string> TlsContext::warnings(const std::string& hostname,
                                              base::WallTime now) const {
  std::vector<std::string> result;
  const X509* leaf = SSL_CTX_get0_certificate(context_.get());
  time_t seconds = std::chrono::system_clock::to_time_t(now);
  if (X509_cmp_time(X509_get0_notAfter(leaf), &seconds) < 0)
    result.push_back(chain_name_ + ": the certificate has expired");
  if (X509_cmp_time(X509_get0_notBefore(leaf), &seconds) > 0)
    result.push_back(chain_name_ + ": the certificate is not valid yet");
  if (X509_check_host(const_cast<X509*>(leaf), hostname.c_str(), hostname.size(), 0, nullptr) != 1)
    result.push_back(chain_name_ + ": the certificate does not name " + hostname);
  return result;
}

}  // namespace net
