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
  CHECK(all.well_formed);
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
  CHECK_FALSE(bad.well_formed);
  CHECK(bad.signature.domain == "a.example");
  CHECK(bad.signature.selector == "sel");
  CHECK(bad.signature.algorithm_name == "rsa-sha1");
  CHECK(bad.signature.start.empty());
}

TEST_CASE("dkim signature: a fault that leaves it well-formed") {
  const auto expired = read(kRequired + "; x=1");
  CHECK(expired.finding == DkimFinding::Expired);
  CHECK(expired.well_formed);
  const auto odd = read(kRequired + "; xb=1");
  CHECK(odd.finding == DkimFinding::UnusualTag);
  CHECK(odd.detail == "xb=");
  CHECK_FALSE(odd.well_formed);
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
