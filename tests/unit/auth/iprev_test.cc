// SPDX-License-Identifier: Apache-2.0
#include "auth/iprev.h"

#include <catch2/catch.hpp>
#include <string>

#include "auth/null_mx.h"
#include "dns/answer_text.h"
#include "support/settle.h"

namespace {

using auth::IprevResult;
using auth::NullMx;

dns::AnswerTable zone_of(const std::string& text) {
  auto zone = dns::from_text(text);
  REQUIRE(zone);
  return *std::move(zone);
}

auth::IprevVerdict iprev(const std::string& zone, const char* client = "192.0.2.1") {
  const auto address = *base::IpAddress::parse(client);
  return support::settle(
             zone_of(zone),
             [&](dns::Lookups& lookups) { return auth::evaluate_iprev(address, lookups); })
      .verdict;
}

NullMx null_mx(const std::string& zone, std::string_view domain = "example.org") {
  return support::settle(
             zone_of(zone),
             [&](dns::Lookups& lookups) { return auth::evaluate_null_mx(domain, lookups); })
      .verdict;
}

const std::string kNames = "1.2.0.192.in-addr.arpa PTR unknown records a.example b.example\n";

}  // namespace

TEST_CASE("iprev: results") {
  auto verdict = iprev(kNames + "b.example A unknown records 198.51.100.1 192.0.2.1\n");
  CHECK(verdict.result == IprevResult::Pass);
  CHECK(verdict.name == "b.example");
  CHECK(iprev(kNames + "b.example A unknown records 198.51.100.1\n").result == IprevResult::Fail);
  CHECK(iprev(kNames).result == IprevResult::Fail);
  verdict = iprev(kNames + "a.example A unknown failure \"SERVFAIL\"\n");
  CHECK(verdict.result == IprevResult::TempError);
  CHECK(verdict.reason == "a.example: SERVFAIL");
  CHECK(iprev(kNames + "a.example A unknown failure \"SERVFAIL\"\n"
                       "b.example A unknown records 192.0.2.1\n")
            .result == IprevResult::Pass);
  CHECK(iprev("").result == IprevResult::PermError);
  CHECK(iprev("1.2.0.192.in-addr.arpa PTR unknown failure \"SERVFAIL\"\n").result ==
        IprevResult::TempError);
  CHECK(iprev("", "2001:db8::1").result == IprevResult::PermError);
}

TEST_CASE("iprev: two rounds, and ten names at most") {
  std::string names = "1.2.0.192.in-addr.arpa PTR unknown records";
  for (int i = 1; i <= 11; ++i) names += " n" + std::to_string(i) + ".example";
  const auto zone = zone_of(names + "\nn11.example A unknown records 192.0.2.1\n");
  const auto client = *base::IpAddress::parse("192.0.2.1");
  const auto settled = support::settle(
      zone, [&](dns::Lookups& lookups) { return auth::evaluate_iprev(client, lookups); });
  CHECK(settled.verdict.result == IprevResult::Fail);
  CHECK(settled.rounds == 2);
  CHECK(settled.answers.size() == 1 + auth::kMaxIprevNames);
}

TEST_CASE("null MX: one record, of the root") {
  CHECK(null_mx("example.org MX unknown records 0:.\n") == NullMx::Yes);
  CHECK(null_mx("example.org MX unknown records 0:. 10:mx.example.org\n") == NullMx::No);
  CHECK(null_mx("example.org MX unknown records 0:mx.example.org\n") == NullMx::No);
  CHECK(null_mx("example.org MX unknown nodata\n") == NullMx::No);
  CHECK(null_mx("") == NullMx::No);
  CHECK(null_mx("example.org MX unknown failure \"SERVFAIL\"\n") == NullMx::Unknown);
  CHECK(null_mx("", "[192.0.2.1]") == NullMx::No);
}
