// SPDX-License-Identifier: Apache-2.0
#include "auth/spf_record.h"

#include <catch2/catch.hpp>
#include <string>
#include <variant>
#include <vector>

namespace {

using auth::Mechanism;
using auth::SpfResult;

auth::SpfRecord parsed(const std::string& terms) {
  auto record = auth::parse_spf_record("v=spf1 " + terms);
  const auto* error = std::get_if<auth::SpfSyntaxError>(&record);
  INFO((error != nullptr ? error->reason : ""));
  REQUIRE(error == nullptr);
  return std::get<auth::SpfRecord>(std::move(record));
}

// Why it is no record; empty when it is one.
std::string complaint(const std::string& terms) {
  const auto record = auth::parse_spf_record("v=spf1 " + terms);
  const auto* error = std::get_if<auth::SpfSyntaxError>(&record);
  return error != nullptr ? error->reason : "";
}

base::IpAddress address(const char* text) { return *base::IpAddress::parse(text); }

}  // namespace

TEST_CASE("record: which TXT records are of SPF") {
  for (const char* text : {"v=spf1", "V=sPf1 -all", "v=spf1 ", "v=spf1  garbage"})
    CHECK(auth::is_spf_record(text));
  for (const char* text : {"", "v=spf", "v=spf10", "v=spf1\t-all", "v=spf1-all", " v=spf1",
                           "v=spf2.0/pra -all", "xv=spf1"})
    CHECK_FALSE(auth::is_spf_record(text));
}

TEST_CASE("record: directives and modifiers") {
  const auto record = parsed(
      "  a -mx/24//64 ~A:a.example/0 ?include:%{d2} PTR ptr:b.example exists:%{i}._x.example "
      "ip4:192.0.2.1/24 IP6:2001:db8::/32 x-1.y=%{d}=: x-1.y= redirect=c.example EXP=%{p} -all  ");
  REQUIRE(record.directives.size() == 10);
  const auto& directives = record.directives;
  CHECK(directives[0].mechanism == Mechanism::A);
  CHECK(directives[0].result == SpfResult::Pass);
  CHECK_FALSE(directives[0].target);
  CHECK(directives[0].prefix4_bits == 32);
  CHECK(directives[0].prefix6_bits == 128);
  CHECK(directives[1].mechanism == Mechanism::Mx);
  CHECK(directives[1].result == SpfResult::Fail);
  CHECK(directives[1].prefix4_bits == 24);
  CHECK(directives[1].prefix6_bits == 64);
  CHECK(directives[1].text == "-mx/24//64");
  CHECK(directives[2].result == SpfResult::SoftFail);
  CHECK(directives[2].target);
  CHECK(directives[2].prefix4_bits == 0);
  CHECK(directives[3].result == SpfResult::Neutral);
  CHECK(directives[3].mechanism == Mechanism::Include);
  CHECK(directives[4].mechanism == Mechanism::Ptr);
  CHECK(directives[6].mechanism == Mechanism::Exists);
  CHECK(directives[7].address == address("192.0.2.1"));
  CHECK(directives[7].prefix4_bits == 24);
  CHECK(directives[8].prefix6_bits == 32);
  CHECK(record.redirect);
  CHECK(record.explanation);
}

TEST_CASE("record: every mistake is one, wherever it stands") {
  for (const char* term : {
           "moo",
           "all.",
           "all:a.example",
           "all/8",
           "+",
           "-",
           "+-all",
           "--all",
           "=all",
           ":",
           "/24",
           "include",
           "include:",
           "include:com",
           "include:a.example/24",
           "exists",
           "exists:a.example//64",
           "ptr:",
           "ptr/0",
           "a:",
           "a/33",
           "a/024",
           "a/",
           "a//129",
           "a//",
           "a/24/64",
           "a///64",
           "a:a.example/1234",
           "a:a.example/-1",
           "mx:a.example:25",
           "a:a.123",
           "ip4",
           "ip4:",
           "ip4:192.0.2",
           "ip4:192.0.2.1/33",
           "ip4:192.0.2.1/-0",
           "ip4:192.0.2.01",
           "ip4:192.0.2.1//32",
           "ip4:192.0.2.1:25",
           "ip4:2001:db8::1",
           "ip4/24",
           "ip6",
           "ip6:192.0.2.1",
           "ip6:2001:db8::1/129",
           "ip6::2001::1",
           "ip6:2001:db8::1%1",
           "ip6:2001:db8::1/",
           "redirect=",
           "redirect=com",
           "redirect:a.example",
           "exp=",
           "exp=%{r}.example",
           "1x=y",
           "x=%",
           "x=%{t}",
           "a\tb",
           "\xc3\xa4",
           "a:a.example\x01",
       }) {
    CAPTURE(term);
    CHECK_FALSE(complaint(term).empty());
    CHECK_FALSE(complaint(std::string("+all ") + term).empty());
    CHECK_FALSE(complaint(term + std::string(" +all")).empty());
  }
  CHECK(complaint("redirect=a.example REDIRECT=b.example") ==
        "\"REDIRECT=b.example\": a second time");
  CHECK(complaint("exp=a.example exp=a.example") == "\"exp=a.example\": a second time");
}

TEST_CASE("record: reasons are printable and short") {
  CHECK(complaint("m\"\x80\x01o") == "\"m\"??o\": no such mechanism");
  const std::string reason = complaint(std::string(60000, 'x'));
  CHECK(reason.size() < 200);
  CHECK(reason.find("...") != std::string::npos);
}

TEST_CASE("record: long ones are read to their limit") {
  std::string terms;
  while (terms.size() < auth::kMaxSpfRecord - 40) terms += "ip4:192.0.2.1 ";
  terms += "-all";
  const auto record = parsed(terms);
  CHECK(record.directives.size() > 4000);
  CHECK(record.directives.back().mechanism == Mechanism::All);
  CHECK(complaint(terms + std::string(40, ' ')) == "the record is too long");
}

TEST_CASE("record: prefixes, for each family and for mapped addresses") {
  const auto covers = [](const char* term, const char* found, const char* client) {
    return auth::covers(parsed(term).directives.front(), address(found), address(client));
  };
  CHECK(covers("a", "192.0.2.1", "192.0.2.1"));
  CHECK_FALSE(covers("a", "192.0.2.1", "192.0.2.2"));
  CHECK(covers("a/31", "192.0.2.3", "192.0.2.2"));
  CHECK(covers("a/0", "198.51.100.1", "192.0.2.2"));
  CHECK_FALSE(covers("a/0", "2001:db8::1", "2001:db8::2"));
  CHECK(covers("a//127", "2001:db8::3", "2001:db8::2"));
  CHECK_FALSE(covers("a//127", "2001:db8::1", "2001:db8::2"));
  CHECK(covers("a//0", "::ffff:192.0.2.1", "2001:db8::2"));
  CHECK(covers("a//80", "::ffff:192.0.2.1", "::1"));
  CHECK_FALSE(covers("a//81", "::ffff:192.0.2.1", "::1"));
}
