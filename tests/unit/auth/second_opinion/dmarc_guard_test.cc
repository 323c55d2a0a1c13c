// SPDX-License-Identifier: Apache-2.0
#include "auth/second_opinion/dmarc_guard.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

using Catch::Matchers::Contains;
using namespace auth::second_opinion;

namespace {

const std::string kStart = "v=DMARC1; p=reject; ";

std::string tag(const std::string& name, std::size_t size) {
  return name + '=' + std::string(size - name.size() - 1, 'x');
}

void check_refused(const std::string& text, const std::string& reason, bool from_above = false) {
  INFO(text.substr(0, 100));
  const Refusal refusal = refuse_dmarc_record(text, from_above);
  REQUIRE(refusal != nullptr);
  CHECK_THAT(refusal, Contains(reason));
}

}  // namespace

TEST_CASE("DMARC records as people write them are shown") {
  for (const char* text : {
           "v=DMARC1; p=none",
           "v=DMARC1;p=reject;sp=quarantine;adkim=s;aspf=r",
           "V = DMARC1 ; p = Quarantine ; sp = NONE ;;",
           "v=DMARC1; p=reject; pct=100; ri=86400; rf=afrf; fo=0:1:d:s; "
           "rua=mailto:a@example.net!10m, mailto:b@example.net; ruf=mailto:c@example.net",
           "v=DMARC1; rua=mailto:a@example.net; p=reject; pct=0; psd=n; t=n; new=1",
       }) {
    INFO(text);
    CHECK(refuse_dmarc_record(text, false) == nullptr);
    CHECK(refuse_dmarc_record(text, true) == nullptr);
  }
}

TEST_CASE("DMARC records that libopendmarc must not see") {
  for (const auto& [rest, reason] : std::vector<std::pair<std::string, std::string>>{
           {"p=none", "grammar"},
           {"sp=bogus", "grammar"},
           {"x=\xe9", "grammar"},
           {"x=\t1", "grammar"},
           {std::string("x=\0;", 4), "grammar"},
           {"s p=none", "no tag"},
           {"sp", "no tag"},
           {"=none", "no tag"},
           {"P=none", "case"},
           {"Adkim=s", "case"},
           {"adkim=strict", "otherwise"},
           {"aspf=", "otherwise"},
           {"pct=101", "otherwise"},
           {"pct=0100", "otherwise"},
           {"pct=-1", "otherwise"},
           {"ri=4294967296", "otherwise"},
           {"rf=iodef", "otherwise"},
           {"rf=afrf:iodef", "otherwise"},
           {"fo=x", "otherwise"},
           {"fo=0:", "otherwise"},
           {"rua=", "otherwise"},
           {"t=y", "t=y"},
       }) {
    check_refused(kStart + rest, reason);
  }
  check_refused("v=DMARC1; p=r", "grammar");
  check_refused("v=DMARC1; rua=mailto:a@example.net", "grammar");
  check_refused("v=DMARC1; p=re ject; rua=mailto:a@example.net", "grammar");
}

TEST_CASE("np matters where it could be applied") {
  CHECK(refuse_dmarc_record(kStart + "np=none", false) == nullptr);
  CHECK(refuse_dmarc_record(kStart + "np=reject", true) == nullptr);
  CHECK(refuse_dmarc_record(kStart + "sp=none; np=none", true) == nullptr);
  check_refused(kStart + "np=none", "np", true);
  check_refused(kStart + "sp=none; np=reject", "np", true);
}

TEST_CASE("the limits of a DMARC record") {
  CHECK(refuse_dmarc_record(kStart + tag("x", kMaxDmarcTag), false) == nullptr);
  check_refused(kStart + tag("x", kMaxDmarcTag + 1), "tag of a record is too long");

  const std::string uri(kMaxReportUri, 'u');
  CHECK(refuse_dmarc_record(kStart + "rua=a, " + uri, false) == nullptr);
  check_refused(kStart + "rua=a, " + uri + 'u', "otherwise");

  std::string longest = kStart;
  while (longest.size() < kMaxDmarcText) longest += ';';
  CHECK(refuse_dmarc_record(longest, false) == nullptr);
  check_refused(longest + ';', "record is too long");
}

TEST_CASE("about which verdicts and names of DMARC it may be asked") {
  auth::DmarcVerdict verdict;
  verdict.author_domain = "example.org";
  for (const auto result :
       {auth::DmarcResult::None, auth::DmarcResult::Pass, auth::DmarcResult::Fail}) {
    verdict.result = result;
    CHECK(refuse_verdict(verdict) == nullptr);
  }
  verdict.result = auth::DmarcResult::TempError;
  CHECK_THAT(refuse_verdict(verdict), Contains("temporary"));
  verdict.result = auth::DmarcResult::PermError;
  CHECK_THAT(refuse_verdict(verdict), Contains("author"));
  verdict.result = auth::DmarcResult::Pass;
  for (const char* name : {"", "a..b", "b\xc3\xbc.example", ".example"}) {
    verdict.author_domain = name;
    CHECK_THAT(refuse_verdict(verdict), Contains("author"));
  }
  CHECK(refuse_name("xn--bcher-kva.example") == nullptr);
  CHECK_THAT(refuse_name("b\xc3\xbc"
                         "cher.example"),
             Contains("A-labels"));
}
