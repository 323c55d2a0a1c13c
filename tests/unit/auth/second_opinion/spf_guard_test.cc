// SPDX-License-Identifier: Apache-2.0
#include "auth/second_opinion/spf_guard.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

using auth::second_opinion::refuse_answer, auth::second_opinion::refuse_query,
    auth::second_opinion::refuse_record, auth::second_opinion::refuse_verdict;
using Catch::Matchers::Contains;
using namespace auth::second_opinion;

namespace {

std::string repeated(const std::string& text, std::size_t count) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += text;
  return result;
}

auth::SpfQuery query() {
  auth::SpfQuery query;
  query.client = *base::IpAddress::parse("192.0.2.1");
  query.domain = query.sender_domain = "example.org";
  query.local_part = "user";
  query.helo = "mx.example.org";
  return query;
}

// A term of so many octets.
std::string exists(std::size_t size) { return "exists:" + std::string(size - 9, 'x') + ".y"; }

}  // namespace

TEST_CASE("records as people write them are shown") {
  for (const char* text : {
           "v=spf1",
           "v=spf1 -all",
           "V=SPF1 IP4:192.0.2.0/24 ip6:2001:db8::/32 ~all",
           "v=spf1 a mx:example.net/24//64 include:_spf.example.net redirect=example.com",
           "v=spf1 exists:%{ir}.%{v}.%{l-}.%{d}.spf.example.net exp=why.example.net ?all",
           "v=spf1 x-y_z=%{i}/, exists:%%%_%-.%{or.-+_=}.example.net",
           "v=spf1 redirect=example.com x-y=z exp=why.example.net",
       }) {
    INFO(text);
    CHECK(refuse_record(text) == nullptr);
  }
}

TEST_CASE("records that libspf2 must not see") {
  for (const auto& [text, reason] : std::vector<std::pair<std::string, std::string>>{
           {"v=spf1 all:example.org", "grammar"},
           {"v=spf1 exists:%{d}\x01", "grammar"},
           {"v=spf1 \xe9", "grammar"},
           {"v=spf1 exp=a.example exp=b.example", "grammar"},
           // CVE-2023-42118
           {"v=spf1 exp=" + repeated("%{d}", 127) + ".example", "too long"},
           {"v=spf1 a:%{d2}.example", "in a macro"},
           {"v=spf1 a:%{dR}.example", "in a macro"},
           {"v=spf1 a:%{d/}.example", "in a macro"},
           {"v=spf1 op=%{d,}", "in a macro"},
           {"v=spf1 a:%%.%{d}.%{d99999999999}.example", "in a macro"},
           {"v=spf1 ip4:0.0.0.0/0", "prefix length"},
           {"v=spf1 a//0", "prefix length"},
           {"v=spf1 x.y=z", "dot"},
           {"v=spf1 redirect=a.example -all", "redirect"},
           {"v=spf1 REDIRECT=a.example op=x ip4:192.0.2.1", "redirect"},
       }) {
    INFO(text);
    const Refusal refusal = refuse_record(text);
    REQUIRE(refusal != nullptr);
    CHECK_THAT(refusal, Contains(reason));
  }
}

TEST_CASE("the limits of a record") {
  CHECK(refuse_record("v=spf1 " + exists(kMaxTerm)) == nullptr);
  CHECK_THAT(refuse_record("v=spf1 " + exists(kMaxTerm + 1)), Contains("term"));

  CHECK(refuse_record("v=spf1 exists:" + repeated("%{d}", kMaxMacros)) == nullptr);
  CHECK_THAT(refuse_record("v=spf1 exists:" + repeated("%{d}", kMaxMacros + 1)),
             Contains("macros"));

  const std::string start = "v=spf1 -all";
  CHECK(refuse_record(start + std::string(kMaxRecord - start.size(), ' ')) == nullptr);
  CHECK_THAT(refuse_record(start + std::string(kMaxRecord - start.size() + 1, ' ')),
             Contains("too long"));
}

TEST_CASE("who may be asked about") {
  CHECK(refuse_query(query()) == nullptr);
  auto loopback = query();
  for (const char* client : {"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"}) {
    loopback.client = *base::IpAddress::parse(client);
    CHECK_THAT(refuse_query(loopback), Contains("loopback"));
  }
  auto other_domain = query();
  other_domain.sender_domain = "example.net";
  CHECK_THAT(refuse_query(other_domain), Contains("domain"));
  auto at = query();
  at.domain = at.sender_domain = "a@b.example";
  CHECK_THAT(refuse_query(at), Contains("domain"));
}

TEST_CASE("what macros may stand for") {
  for (std::string auth::SpfQuery::*value : {&auth::SpfQuery::helo, &auth::SpfQuery::local_part}) {
    auto changed = query();
    changed.*value = std::string(kMaxValue, 'x');
    CHECK(refuse_query(changed) == nullptr);
    changed.*value += 'x';
    CHECK_THAT(refuse_query(changed), Contains("too long"));
    // It writes nine octets for such a one, and has room for three.
    changed.*value = "caf\xc3\xa9";
    CHECK_THAT(refuse_query(changed), Contains("printable"));
    changed.*value = std::string("a\0b", 3);
    CHECK_THAT(refuse_query(changed), Contains("printable"));
  }
}

TEST_CASE("where our limits decided, it has none") {
  auth::SpfVerdict verdict;
  verdict.section = "4.6.2";
  CHECK(refuse_verdict(verdict) == nullptr);
  verdict.section = "4.6.4";
  CHECK_THAT(refuse_verdict(verdict), Contains("limits"));
}

TEST_CASE("names in answers") {
  auto answer = dns::Answer::of(dns::Status::Records);
  answer.names = std::vector<std::string>(kMaxClientNames, "a.example");
  CHECK(refuse_answer(dns::Type::Ptr, answer) == nullptr);
  answer.names.emplace_back("b.example");
  CHECK_THAT(refuse_answer(dns::Type::Ptr, answer), Contains("too many"));
  answer.names = {std::string("a\0.example", 10)};
  CHECK_THAT(refuse_answer(dns::Type::Ptr, answer), Contains("printable"));
  answer.names.clear();
  answer.exchanges = {{1, "\x7f.example"}};
  CHECK_THAT(refuse_answer(dns::Type::Mx, answer), Contains("printable"));

  const auto failure = dns::Answer::of(dns::Status::Failure);
  CHECK_THAT(refuse_answer(dns::Type::Ptr, failure), Contains("client's names"));
  CHECK(refuse_answer(dns::Type::A, failure) == nullptr);
}
