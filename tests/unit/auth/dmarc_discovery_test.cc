// SPDX-License-Identifier: Apache-2.0
// What a walk leads to is tested by tests/verify/dmarc; here its names and its limits.
#include "auth/dmarc_discovery.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "dns/answer_text.h"
#include "support/settle.h"

namespace {

using Names = std::vector<std::string>;

Names asked(const std::string& start) {
  const dns::AnswerTable nothing;
  dns::Lookups lookups(nothing);
  auth::walk_tree(start, lookups);
  Names names;
  for (const dns::Question& question : lookups.missing()) {
    CHECK(question.type == dns::Type::Txt);
    names.push_back(question.name);
  }
  return names;
}

auth::DmarcWalk walked(const std::string& zone, const std::string& start) {
  const auto table = dns::from_text(zone);
  REQUIRE(table.ok());
  return support::settle(*table,
                         [&](dns::Lookups& lookups) { return auth::walk_tree(start, lookups); })
      .verdict;
}

std::string txt(const std::string& domain, const std::string& tags) {
  return "_dmarc." + domain + " TXT unknown records \"v=DMARC1;" + tags + "\"\n";
}

}  // namespace

TEST_CASE("DMARC walk: one label less each time, and never more than eight questions") {
  CHECK(asked("test") == Names{"_dmarc.test"});
  CHECK(asked("a.b.test") == Names{"_dmarc.a.b.test", "_dmarc.b.test", "_dmarc.test"});
  CHECK(asked("1.2.3.4.5.6.7.test").size() == 8);
  CHECK(asked("1.2.3.4.5.6.7.test")[1] == "_dmarc.2.3.4.5.6.7.test");
  CHECK(asked("0.1.2.3.4.5.6.7.test").size() == 8);
  CHECK(asked("0.1.2.3.4.5.6.7.test")[1] == "_dmarc.2.3.4.5.6.7.test");
  std::string longest;
  while (longest.size() < 240) longest += "a.";
  CHECK(asked(longest + "test").size() == 8);
}

TEST_CASE("DMARC walk: a name that is too long for the DNS has no record") {
  const std::string label(63, 'a');
  const std::string name = label + '.' + label + '.' + label + '.' + std::string(50, 'a') + ".test";
  CHECK(name.size() == 247);
  CHECK(asked(name) == Names{"_dmarc." + name.substr(64), "_dmarc." + name.substr(128),
                             "_dmarc." + name.substr(192), "_dmarc.test"});
}

TEST_CASE("DMARC walk: what stands behind the stop is not looked at") {
  const std::string zone = txt("a.example.org", "p=none") + txt("example.org", "p=none;psd=n") +
                           "_dmarc.org TXT unknown failure \"time-out\"\n";
  const auto walk = walked(zone, "a.example.org");
  REQUIRE(walk.records.size() == 2);
  CHECK(walk.records[1].domain == "example.org");
  CHECK_FALSE(walk.failure);
  CHECK(auth::organizational_domain(walk) == "example.org");
}

TEST_CASE("DMARC walk: the first failure and the first discarded name are told") {
  const auto walk = walked(
      "_dmarc.a.example.org TXT unknown failure \"time-out\"\n"
      "_dmarc.org TXT unknown failure \"SERVFAIL\"\n" +
          txt("example.org", "p=none;p=none"),
      "a.example.org");
  CHECK(walk.records.empty());
  CHECK(walk.failure == "_dmarc.a.example.org TXT: time-out");
  CHECK(walk.discarded == "example.org: p is given twice");
}

TEST_CASE("DMARC walk: thousands of TXT records at one name") {
  std::string zone = "_dmarc.example.org TXT unknown records";
  for (int i = 0; i < 3000; ++i) zone += " \"v=spf1 -all\"";
  const auto walk = walked(zone + " \"v=DMARC1;p=reject\" \"v=dmarc1;p=none\"\n", "example.org");
  REQUIRE(walk.records.size() == 1);
  CHECK(walk.records[0].record.p == auth::DmarcPolicy::Reject);
}
