// SPDX-License-Identifier: Apache-2.0
#include "net/tls_context.h"

#include <catch2/catch.hpp>

#include "support/certificate.h"

namespace {

net::TlsSettings with(const std::string& chain, const std::string& key) {
  net::TlsSettings settings;
  settings.certificates.push_back({chain, key, "chain.pem", "key.pem"});
  return settings;
}

std::string failure(const net::TlsSettings& settings) {
  const auto context = net::TlsContext::make(settings);
  REQUIRE_FALSE(context.ok());
  return context.error().reason;
}

const support::CertificateAndKey& ours() {
  static const auto certificate = support::make_certificate("mx.ours.test");
  return certificate;
}

}  // namespace

TEST_CASE("a certificate with its key makes a context without warnings") {
  const auto context = net::TlsContext::make(with(ours().chain_pem, ours().key_pem));
  REQUIRE(context.ok());
  CHECK(context->warnings("mx.ours.test", base::wall_now()).empty());
}

TEST_CASE("a chain file of several certificates is taken whole") {
  const std::string chain = ours().chain_pem + support::make_certificate("ca.test").chain_pem;
  CHECK(net::TlsContext::make(with(chain, ours().key_pem)).ok());
}

TEST_CASE("what is wrong with a certificate or key is said with the file's name") {
  CHECK(failure({}) == "no TLS certificate configured");
  CHECK(failure(with("", ours().key_pem)) == "chain.pem: holds no PEM certificate");
  CHECK(failure(with("garbage", ours().key_pem)) == "chain.pem: holds no PEM certificate");
  CHECK(failure(with(ours().chain_pem, "garbage")) ==
        "key.pem: holds no unencrypted PEM private key");
  CHECK(failure(with(ours().chain_pem, support::make_certificate("x.test").key_pem)) ==
        "key.pem: does not belong to the certificate in chain.pem; point tls.certificate.key at "
        "the key the certificate was issued for");
  const auto weak = support::make_certificate("mx.ours.test", 86400, EVP_RSA_gen(1024));
  CHECK(failure(with(weak.chain_pem, weak.key_pem)) ==
        "chain.pem: certificate not usable: ee key too small; use RSA of at least 2048 bits or "
        "ECDSA P-256");
}

TEST_CASE("a damaged second certificate is not passed over") {
  std::string damaged = support::make_certificate("ca.test").chain_pem;
  damaged[damaged.size() / 2] = '!';
  CHECK(failure(with(ours().chain_pem + damaged, ours().key_pem)) ==
        "chain.pem: a certificate in it is damaged");
}

TEST_CASE("expired and foreign certificates work but are warned of") {
  const auto expired = support::make_certificate("mx.ours.test", -86400);
  const auto context = net::TlsContext::make(with(expired.chain_pem, expired.key_pem));
  REQUIRE(context.ok());
  CHECK(context->warnings("mx.ours.test", base::wall_now()) ==
        std::vector<std::string>{"chain.pem: the certificate has expired"});
  CHECK(context->warnings("mx.other.test", base::wall_now()).back() ==
        "chain.pem: the certificate does not name mx.other.test");
}
