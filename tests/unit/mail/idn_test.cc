// SPDX-License-Identifier: Apache-2.0
#include "mail/idn.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "mail/domain.h"

namespace {

struct Row {
  std::string name;
  std::string a_labels;
};

const std::vector<Row> kValid = {
    {"example.net", "example.net"},
    {"Example.NET", "example.net"},
    {"localhost", "localhost"},
    {"1.2.3.4", "1.2.3.4"},
    // ASCII is left to DNS, decodable or not.
    {"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
    {"xn--a.example", "xn--a.example"},
    {"ab--cd.example", "ab--cd.example"},
    // U-labels
    {"b\xc3\xbc"
     "cher.example",
     "xn--bcher-kva.example"},
    {"\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80.\xd1\x80\xd1\x84", "xn--e1afmkfd.xn--p1ai"},
    {"\xe4\xbe\x8b\xe3\x81\x88.jp", "xn--r8jz45g.jp"},
    {"\xd7\x93\xd7\x95\xd7\x92.example", "xn--6dbbg.example"},
    {"xn--bcher-kva.b\xc3\xbc", "xn--bcher-kva.xn--b-eha"},
    // Non-transitional: sharp s and final sigma are letters of their own.
    {"fa\xc3\x9f.de", "xn--fa-hia.de"},
    {"\xcf\x83\xcf\x82.gr", "xn--3xab.gr"},
    // Mapped, as UTS #46 says: capitals, decomposed and fullwidth letters, full stops, soft
    // hyphens.
    {"B\xc3\x9c"
     "CHER.Example",
     "xn--bcher-kva.example"},
    {"bu\xcc\x88"
     "cher.example",
     "xn--bcher-kva.example"},
    {"\xef\xbd\x85xample.com", "example.com"},
    {"\xef\xbc\xa5XAMPLE.com", "example.com"},
    {"example\xe3\x80\x82"
     "com",
     "example.com"},
    {"example\xef\xbc\x8e"
     "com",
     "example.com"},
    {"example\xef\xbd\xa1"
     "com",
     "example.com"},
    {"ex\xc2\xad"
     "ample.com",
     "example.com"},
    {"a\xe2\x80\x8b.com", "a.com"},
    // What only looks the same is another domain.
    {"\xd0\xb0pple.com", "xn--pple-43d.com"},
};

const std::vector<std::string> kInvalid = {
    "",
    ".",
    "a..b",
    "a.b.",
    ".a.b",
    "-a.b",
    "a_b.example",
    "a b.example",
    "[192.0.2.1]",
    std::string("a\0b.example", 11),
    // not UTF-8
    "b\xfc"
    "cher.example",
    "b\xc3.example",
    "\xc0\xae.example",
    "\xed\xa0\x80.example",
    // empty labels beside U-labels
    "a..b\xc3\xbc",
    "b\xc3\xbc.",
    ".b\xc3\xbc",
    "b\xc3\xbc\xe3\x80\x82",
    "\xe3\x80\x82.b\xc3\xbc",
    "\xc2\xad.b\xc3\xbc",
    "\xe2\x80\x8b.com",
    // ASCII that is no letter, digit or hyphen, written out or mapped to
    "a_b.b\xc3\xbc",
    "a@b.b\xc3\xbc",
    std::string("a\0.b\xc3\xbc", 7),
    "a\xef\xbc\xa0"
    "b.com",
    "a\xef\xbc\xbf"
    "b.com",
    "a\xef\xbc\x8f"
    "b.com",
    "\xe2\x84\x80.com",
    "a\xe2\x80\xa4"
    "b.com",
    "a\xe2\x92\x88"
    "b.com",
    "\xe2\x91\xb4.com",
    // not of IDNA2008
    "\xe2\x99\xa5.com",
    "\xf0\x9f\x92\xa9.la",
    "\xc2\x80.com",
    "\xc2\xa0.com",
    "\xe2\x80\xa8.com",
    "\xe2\x80\xae.com",
    "\xef\xbf\xbd.com",
    "\xcc\x81"
    "a.com",
    "a\xe2\x80\x8d"
    "b.com",
    "\xd7\x90"
    "a.com",
    "-b\xc3\xbc.com",
    "b\xc3\xbc-.com",
    "ab--b\xc3\xbc.com",
    // A-labels that do not decode, or not to U-labels
    "xn--a.b\xc3\xbc",
    "xn--abc-.b\xc3\xbc",
    "xn--b\xc3\xbc.com",
    "\xef\xbd\x98n--zz.com",
};

TEST_CASE("domain names as A-labels") {
  for (const Row& row : kValid) {
    INFO(row.name);
    CHECK(mail::to_a_labels(row.name) == row.a_labels);
    CHECK(mail::to_a_labels(row.a_labels) == row.a_labels);
  }
}

TEST_CASE("what is no domain name has no A-labels") {
  for (const std::string& name : kInvalid) {
    INFO(name);
    CHECK(mail::to_a_labels(name) == std::nullopt);
  }
}

TEST_CASE("limits hold for what was written and for its A-labels") {
  const auto with_umlaut = [](std::size_t letters) {
    return mail::to_a_labels(std::string(letters, 'a') + "\xc3\xbc.example");
  };
  REQUIRE(with_umlaut(55));
  CHECK(with_umlaut(55)->find('.') == mail::kMaxLabel);
  CHECK_FALSE(with_umlaut(56));

  const std::string ascii = std::string(63, 'a') + '.' + std::string(63, 'b') + '.' +
                            std::string(63, 'c') + '.' + std::string(63, 'd');
  REQUIRE(ascii.size() == mail::kMaxDomain);
  CHECK(mail::to_a_labels(ascii) == ascii);
  CHECK_FALSE(mail::to_a_labels(ascii + 'd'));

  const auto labels = [](std::size_t count) {  // "xn--tda", and a dot between them
    std::string name = "\xc3\xbc";
    for (std::size_t at = 1; at < count; ++at) name += ".\xc3\xbc";
    return mail::to_a_labels(name);
  };
  REQUIRE(labels(31));
  CHECK(labels(31)->size() == 247);
  CHECK_FALSE(labels(33));

  // Letters that are mapped to nothing: short as A-labels, too long as written.
  std::string hyphens;
  while (hyphens.size() + 4 <= mail::kMaxDomain) hyphens += "\xc2\xad";
  hyphens += "a.b";
  REQUIRE(hyphens.size() == mail::kMaxDomain);
  CHECK(mail::to_a_labels(hyphens) == "a.b");
  CHECK_FALSE(mail::to_a_labels(hyphens + 'b'));
}

}  // namespace
