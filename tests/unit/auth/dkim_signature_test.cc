// SPDX-License-Identifier: Apache-2.0
// What is read of a signature; that each rule has its finding is in tests/auth/dkim/.
#include "auth/dkim_signature.h"

#include <catch2/catch.hpp>

using auth::DkimFinding;

namespace {

const base::WallTime kNow{std::chrono::seconds(1'700'000'000)};
const std::string kHash = "bh=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const std::string kRequired = "v=1; a=rsa-sha256; d=a.example; s=sel; b=Zm9v; h=from; " + kHash;

auth::ReadDkimSignature read(const std::string& text) {
  return auth::read_dkim_signature(text, kNow);
}

}  // namespace

TEST_CASE("dkim signature: all of its tags") {
  const auto all = read(
      " v=1; a=ed25519-sha256; c=relaxed/simple; d=Example.ORG; s=S1.x; i=a=3Db @Mail.example.org;"
      " t=1; x=999999999999; l=12; q=dns/txt; h=Subject : From:\r\n From; b=Z m 9\r\n v; z=x; " +
      kHash);
  REQUIRE_FALSE(all.finding);
  CHECK(all.for_library);
  const auth::DkimSignature& signature = all.signature;
  CHECK(signature.domain == "example.org");
  CHECK(signature.selector == "s1.x");
  CHECK(signature.identity == "a=3Db@Mail.example.org");
  CHECK(signature.identity_domain == "mail.example.org");
  CHECK(signature.algorithm == auth::DkimAlgorithm::Ed25519Sha256);
  CHECK(signature.algorithm_name == "ed25519-sha256");
  CHECK(signature.header == auth::DkimCanonicalization::Relaxed);
  CHECK(signature.body == auth::DkimCanonicalization::Simple);
  CHECK(signature.fields == std::vector<std::string>{"subject", "from", "from"});
  CHECK(signature.names("from"));
  CHECK_FALSE(signature.names("to"));
  CHECK(signature.length == 12u);
  CHECK(signature.time == 1u);
  CHECK(signature.expiry == 999'999'999'999u);
  CHECK(signature.start == "Zm9v");
  CHECK(signature.signature == "foo");
  CHECK(signature.body_hash == std::string(32, '\0'));
}

TEST_CASE("dkim signature: what stands for what is not there") {
  const auto least = read(kRequired);
  REQUIRE_FALSE(least.finding);
  CHECK(least.signature.header == auth::DkimCanonicalization::Simple);
  CHECK(least.signature.body == auth::DkimCanonicalization::Simple);
  CHECK(least.signature.identity.empty());
  CHECK(least.signature.identity_domain == "a.example");
  CHECK_FALSE(least.signature.length);
  CHECK_FALSE(least.signature.time);
  CHECK_FALSE(least.signature.expiry);
}

TEST_CASE("dkim signature: the first fault counts, and the rest is read for reports") {
  const auto bad = read("v=2; d=a.example; s=sel; a=rsa-sha1; b=%; " + kHash);
  CHECK(bad.finding == DkimFinding::BadVersion);
  CHECK(bad.signature.domain == "a.example");
  CHECK(bad.signature.selector == "sel");
  CHECK(bad.signature.algorithm_name == "rsa-sha1");
  CHECK(bad.signature.start.empty());
}

TEST_CASE("dkim signature: what libopendkim reads as we do") {
  const auto for_library = [](const std::string& tags) {
    const auto odd = read(kRequired + "; " + tags);
    CHECK_FALSE(odd.finding);
    return odd.for_library;
  };
  for (const char* tags : {"z=1", "bb1=1", "zb =1", "DD=1", "c =simple", "h1=dkim-signature"})
    CHECK(for_library(tags));
  for (const char* tags : {"zb=1", "b_b=1", "D=1", "B=1", "bH=1"}) CHECK_FALSE(for_library(tags));
  CHECK(for_library("i=" + std::string(190, 'x') + "@a.example"));
  CHECK_FALSE(for_library("i=" + std::string(191, 'x') + "@a.example"));
  const auto with_fields = [](const std::string& fields) {
    return read("v=1; a=rsa-sha256; d=a.example; s=sel; b=Zm9v; h=from:" + fields + ";" + kHash);
  };
  CHECK(with_fields(std::string(4090, 'x')).for_library);
  CHECK_FALSE(with_fields(std::string(4091, 'x')).for_library);
  CHECK_FALSE(with_fields("DKIM-Signature").for_library);
  CHECK_FALSE(read("v=1; a=rsa-sha256; d=a.example; s=sel; b =Zm9v; h=from; " + kHash).for_library);
}

TEST_CASE("dkim signature: identities") {
  const auto domain_of = [](const std::string& identity) {
    const auto one = read(kRequired + "; i=" + identity);
    return one.finding == DkimFinding::BadIdentity ? "" : one.signature.identity_domain;
  };
  CHECK(domain_of("a@b.a.example") == "b.a.example");
  CHECK(domain_of("\"a@b.c\"@a.example") == "a.example");
  CHECK(domain_of("\"a=40=5C=22\"@a.example") == "a.example");
  for (const char* bad : {"a@b@a.example", "a=40b@a.example", "\"a\"@\"b\"@a.example", "@", "a",
                          "\"a@b\\\"@a.example", "a@example", "\"@\"\"@a.example"})
    CHECK(domain_of(bad).empty());
  const std::string most(auth::kMaxDkimIdentity - 10, 'x');
  CHECK(domain_of(most + "@a.example") == "a.example");
  CHECK(domain_of(most + "x@a.example").empty());
}

// RFC 8616 section 5
TEST_CASE("dkim signature: U-labels") {
  const std::string end = "; v=1; a=rsa-sha256; b=Zm9v; h=from; " + kHash;
  const auto all = read(
      "d=A_b.B\xc3\xbc"
      "cher.Example; s=S_1.\xc3\x9c; i=J\xc3\xbc =3Dx@x.b\xc3\xbc"
      "cher.example" +
      end);
  REQUIRE_FALSE(all.finding == DkimFinding::BadIdentity);
  CHECK(all.signature.domain == "a_b.xn--bcher-kva.example");
  CHECK(all.signature.selector == "s_1.xn--tda");
  CHECK(all.signature.identity == "J=C3=BC=3Dx@x.xn--bcher-kva.example");
  CHECK(all.signature.identity_domain == "x.xn--bcher-kva.example");
  CHECK(all.finding == DkimFinding::ForeignIdentity);
  CHECK_FALSE(all.for_library);
  CHECK_FALSE(read(kRequired + "; z=\xc3\xbc").for_library);
  // As it stands there.
  const auto ascii = read(kRequired + "; i==C3=BC@=78=2ea.example");
  CHECK(ascii.finding == DkimFinding::BadIdentity);
  CHECK(read(kRequired + "; i==C3=BC@=78=2Ea.example").signature.identity ==
        "=C3=BC@=78=2Ea.example");
}

TEST_CASE("dkim signature: how long names may be") {
  const auto selector_of = [](const std::string& selector) {
    return read("s=" + selector + "; v=1; d=a.example; a=rsa-sha256; b=Zm9v; h=from; " + kHash)
        .signature.selector;
  };
  std::string most;  // of 253 octets, but for the last
  for (std::size_t i = 0; i < 63; ++i) most += "abc.";
  CHECK(selector_of(most + 'd') == most + 'd');
  CHECK(selector_of(most + "de").empty());
  // Short in A-labels, but as it is written at the limit, 255 octets, and above.
  std::string label;
  for (std::size_t i = 0; i < 55; ++i) label += "\xe3\x81\x82";
  const std::string rest = '.' + std::string(63, 'x') + '.' + std::string(25, 'x');
  CHECK(selector_of(label + rest) == "xn--l8j" + std::string(54, 'a') + rest);
  CHECK(selector_of(label + rest + 'x').empty());
}

// RFC 6376 section 3.5: up to 76 digits, whatever they say.
TEST_CASE("dkim signature: a length beyond all numbers") {
  const auto huge = read(kRequired + "; l=" + std::string(76, '9'));
  REQUIRE_FALSE(huge.finding);
  CHECK(huge.signature.length == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("dkim signature: its length") {
  const std::string begin = kRequired + "; z=";
  const std::string most(auth::kMaxDkimSignature - begin.size(), 'x');
  CHECK_FALSE(read(begin + most).finding);
  CHECK(read(begin + most + 'x').finding == DkimFinding::TooLong);
}

TEST_CASE("dkim signature: times before 1970") {
  const auto read_then = auth::read_dkim_signature(
      kRequired + "; t=300; x=301", base::WallTime(std::chrono::seconds(-1'000'000)));
  CHECK_FALSE(read_then.finding);
}
