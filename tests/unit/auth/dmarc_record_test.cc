// SPDX-License-Identifier: Apache-2.0
#include "auth/dmarc_record.h"

#include <catch2/catch.hpp>
#include <string>
#include <variant>

namespace {

using auth::AlignmentMode;
using auth::DmarcPolicy;
using auth::Psd;

auth::DmarcRecord parsed(const std::string& tags) {
  auto record = auth::parse_dmarc_record("v=DMARC1;" + tags);
  const auto* error = std::get_if<auth::DmarcSyntaxError>(&record);
  INFO((error != nullptr ? error->reason : ""));
  REQUIRE(error == nullptr);
  return std::get<auth::DmarcRecord>(std::move(record));
}

// Why it is no record; empty when it is one.
std::string complaint(const std::string& tags) {
  const auto record = auth::parse_dmarc_record("v=DMARC1;" + tags);
  const auto* error = std::get_if<auth::DmarcSyntaxError>(&record);
  return error != nullptr ? error->reason : "";
}

}  // namespace

TEST_CASE("DMARC record: which TXT records are of DMARC") {
  for (const char* text :
       {"v=DMARC1", "v=DMARC1;", "v=DMARC1 ;p=none", "v=DMARC1; p=none", "V=DMARC1;p=none",
        "v = DMARC1 ; p=none", "v\t=\tDMARC1\t;", "v=DMARC1; \x01\xff", "v=DMARC1;;;", "v=DMARC1 "})
    CHECK(auth::is_dmarc_record(text));
  for (const char* text : {"",
                           "v",
                           "v=",
                           ";",
                           "v=DMARC",
                           "v=DMARC2;p=none",
                           "v=DMARC10;p=none",
                           "v=dmarc1;p=none",
                           "v=DMARC1 p=none",
                           "v=DMARC1,p=none",
                           " v=DMARC1;p=none",
                           ";v=DMARC1;p=none",
                           "p=none;v=DMARC1",
                           "vv=DMARC1",
                           "v==DMARC1",
                           "=DMARC1",
                           "v=\"DMARC1\"",
                           "v=DMARC1\n;p=none",
                           "v=spf1 -all",
                           "DMARC1",
                           "v=DMARC1\x01;p=none"})
    CHECK_FALSE(auth::is_dmarc_record(text));
  CHECK_FALSE(auth::is_dmarc_record(std::string("v=DMARC1\0;p=none", 16)));
}

TEST_CASE("DMARC record: every tag, and what stands when it is not there") {
  const auto all = parsed(
      "p=reject;sp=quarantine;np=none;adkim=s;aspf=s;psd=n;t=y;"
      "rua=mailto:a@example.org;ruf=mailto:a@example.org;fo=1:d:s");
  CHECK(all.p == DmarcPolicy::Reject);
  CHECK(all.sp == DmarcPolicy::Quarantine);
  CHECK(all.np == DmarcPolicy::None);
  CHECK(all.adkim == AlignmentMode::Strict);
  CHECK(all.aspf == AlignmentMode::Strict);
  CHECK(all.psd == Psd::No);
  CHECK(all.testing);
  CHECK(all.flaw.empty());
  CHECK(all.is_policy);

  const auto least = parsed(" p=quarantine ");
  CHECK(least.p == DmarcPolicy::Quarantine);
  CHECK_FALSE(least.sp);
  CHECK_FALSE(least.np);
  CHECK(least.adkim == AlignmentMode::Relaxed);
  CHECK(least.aspf == AlignmentMode::Relaxed);
  CHECK(least.psd == Psd::Unknown);
  CHECK_FALSE(least.testing);
}

TEST_CASE("DMARC record: white space, order, case and empty tags") {
  for (const char* tags :
       {"p=reject;adkim=s", "adkim=s;p=reject", " \t p \t = \t reject \t ; \t adkim \t = \t s \t ",
        "p=REJECT;adkim=S;", ";;p=reject;;;adkim=s;;", "p=Reject; ;adkim=s; "}) {
    CAPTURE(tags);
    CHECK(parsed(tags).p == DmarcPolicy::Reject);
    CHECK(parsed(tags).adkim == AlignmentMode::Strict);
    CHECK(parsed(tags).flaw.empty());
  }
}

TEST_CASE("DMARC record: names of tags are told apart by their case") {
  CHECK(parsed("p=none;P=reject").p == DmarcPolicy::None);
  CHECK(parsed("P=reject").flaw == "p is missing");
  CHECK(parsed("p=none;ADKIM=s").adkim == AlignmentMode::Relaxed);
  CHECK(parsed("p=none;PSD=y").psd == Psd::Unknown);
}

TEST_CASE("DMARC record: unknown and historic tags, and what is no tag, are ignored") {
  for (const char* tag :
       {"pct=0", "pct=500", "rf=afrf", "ri=86400", "x=", "moo=\x80\xff", "moo", "=", "=reject",
        "p2=reject", "a b=c", "\x01", "p", "sp", "fo=moo", "ruf=:", "rua=:", "x-y=1"}) {
    CAPTURE(tag);
    CHECK(parsed(std::string("p=reject;") + tag).p == DmarcPolicy::Reject);
    CHECK(parsed(std::string(tag) + ";p=reject").p == DmarcPolicy::Reject);
    CHECK(parsed(std::string("p=reject;") + tag).flaw.empty());
  }
}

TEST_CASE("DMARC record: a value that is none leaves the default") {
  for (const char* tag : {"adkim=x", "adkim=", "adkim=strict", "adkim=ss", "aspf=x", "psd=x",
                          "psd=yes", "psd=u", "t=x", "t=1", "t=n", "t=yy", "adkim=s\x80"}) {
    CAPTURE(tag);
    const auto record = parsed(std::string("p=reject;") + tag);
    CHECK(record.adkim == AlignmentMode::Relaxed);
    CHECK(record.aspf == AlignmentMode::Relaxed);
    CHECK(record.psd == Psd::Unknown);
    CHECK_FALSE(record.testing);
    CHECK(record.flaw.empty());
  }
}

TEST_CASE("DMARC record: without good policies it is none with rua, and no policy without") {
  const std::pair<std::string, std::string> flawed[] = {
      {"sp=reject", "p is missing"},
      {"np=reject", "p is missing"},
      {"p=r", "p is none of none, quarantine and reject"},
      {"p=", "p is none of none, quarantine and reject"},
      {"p=reject reject", "p is none of none, quarantine and reject"},
      {"p=\"reject\"", "p is none of none, quarantine and reject"},
      {"p=reject,none", "p is none of none, quarantine and reject"},
      {"p=rejected", "p is none of none, quarantine and reject"},
      {"p=rej\xc3\xa9"
       "ct",
       "p is none of none, quarantine and reject"},
      {"p=reject;sp=bogus", "sp is none of none, quarantine and reject"},
      {"p=reject;sp=", "sp is none of none, quarantine and reject"},
      {"p=reject;np=bogus", "np is none of none, quarantine and reject"},
      {"p=reject;sp=reject;np=", "np is none of none, quarantine and reject"}};
  for (const auto& [tags, flaw] : flawed) {
    CAPTURE(tags);
    const auto without = parsed(tags);
    CHECK(without.flaw == flaw);
    CHECK_FALSE(without.is_policy);
    const auto with = parsed(tags + ";rua=mailto:a@example.org;adkim=s;psd=n");
    CHECK(with.flaw == flaw);
    CHECK(with.is_policy);
    CHECK(with.p == DmarcPolicy::None);
    CHECK_FALSE(with.sp);
    CHECK_FALSE(with.np);
    CHECK(with.adkim == AlignmentMode::Strict);
    CHECK(with.psd == Psd::No);
  }
}

TEST_CASE("DMARC record: what is a place to report to") {
  const auto is_place = [](const std::string& rua) { return parsed("rua=" + rua).is_policy; };
  for (const char* rua :
       {"mailto:a@example.org", "mailto:a@example.org!10m", "mailto:a@example.org!5",
        "mailto:a@example.org!9K", "https://example.org/x?y=z#t", "mailto:a%2Cb@example.org",
        "moo,mailto:a@example.org", "mailto:a@example.org , moo", " , ,x:y", "x-y.z+1:a",
        "https://[2001:db8::1]/x"}) {
    CAPTURE(rua);
    CHECK(is_place(rua));
  }
  for (const char* rua :
       {"", "a@example.org", "mailto:", ":a@example.org", "1x:y", "m_x:y", "mailto:a!b@example.org",
        "mailto:a@example.org!", "mailto:a@example.org!m", "mailto:a%2@x", "mailto:a%zz@x",
        "mailto:a%", "mailto:a b@x", "mailto:<a@x>", "mailto:\xc3\xa4@x", "!10m", "!", "5", "k"}) {
    CAPTURE(rua);
    CHECK_FALSE(is_place(rua));
  }
}

TEST_CASE("DMARC record: no tag twice") {
  CHECK(complaint("p=reject;p=reject") == "p is given twice");
  CHECK(complaint("p=reject;sp=none; sp =none") == "sp is given twice");
  CHECK(complaint("p=reject;x=1;x=2") == "x is given twice");
  CHECK(complaint("p=reject;v=DMARC1") == "v is given twice");
  CHECK(complaint("p=reject;x;x;1=2;1=2").empty());
  const std::string name(60000, 'x');
  CHECK(complaint(name + "=1;" + name + "=1").size() < 100);
}

TEST_CASE("DMARC record: limits") {
  const auto tags = [](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
      text += std::string(1, static_cast<char>('a' + i / 26)) + static_cast<char>('a' + i % 26) +
              "x=1;";
    return text;
  };
  // Beside v and p.
  CHECK(complaint("p=reject;" + tags(auth::kMaxDmarcTags - 2)).empty());
  CHECK(complaint("p=reject;" + tags(auth::kMaxDmarcTags - 1)) == "more than 64 tags");

  std::string longest = "p=reject;rua=";
  longest += std::string(auth::kMaxDmarcRecord - 9 - longest.size(), ',');
  CHECK(complaint(longest).empty());
  CHECK(complaint(longest + ',') == "the record is too long");
}
