// SPDX-License-Identifier: Apache-2.0
#include "mail/address.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace {

using mail::PathKind;

struct ValidMailbox {
  std::string text;
  std::string local_part;
  std::string domain;
  bool is_literal;
};

const std::vector<ValidMailbox> kValid = {
    {"info@ours.test", "info", "ours.test", false},
    {"Info@Ours.TEST", "Info", "Ours.TEST", false},
    {"a.b.c@example.net", "a.b.c", "example.net", false},
    {"!#$%&'*+-/=?^_`{|}~@example.net", "!#$%&'*+-/=?^_`{|}~", "example.net", false},
    {"\"a b\"@example.net", "a b", "example.net", false},
    {"\"a\\\"b\\\\c\"@example.net", "a\"b\\c", "example.net", false},
    {"\"\\a\\@\"@example.net", "a@", "example.net", false},
    {"\"\"@example.net", "", "example.net", false},
    {"\"<>@,:;[]()\"@example.net", "<>@,:;[]()", "example.net", false},
    {"\".a..b.\"@example.net", ".a..b.", "example.net", false},
    {"a@localhost", "a", "localhost", false},
    {"a@1.2.3.4", "a", "1.2.3.4", false},
    {"a@x--y.example", "a", "x--y.example", false},
    {"a@[192.0.2.1]", "a", "[192.0.2.1]", true},
    {"a@[IPv6:2001:db8::1]", "a", "[IPv6:2001:db8::1]", true},
    {"a@[ipv6:::1]", "a", "[ipv6:::1]", true},
    {"a@[tag:any!thing]", "a", "[tag:any!thing]", true},
    // UTF-8: atoms, quoted strings, U-labels; what it maps to is not what is kept.
    {"\xc3\xa9@example.net", "\xc3\xa9", "example.net", false},
    {"j.\xe4\xbe\x8b.\xf0\x9f\x98\x80@example.net", "j.\xe4\xbe\x8b.\xf0\x9f\x98\x80",
     "example.net", false},
    {"\"\xc3\xa9 \\\"\"@example.net", "\xc3\xa9 \"", "example.net", false},
    {"\xc2\x80@example.net", "\xc2\x80", "example.net", false},
    {"a\xef\xbc\xa0@example.net", "a\xef\xbc\xa0", "example.net", false},
    {"a@b\xc3\xbc"
     "cher.example",
     "a",
     "b\xc3\xbc"
     "cher.example",
     false},
    {"a@B\xc3\x9c"
     "CHER\xe3\x80\x82"
     "Example",
     "a",
     "B\xc3\x9c"
     "CHER\xe3\x80\x82"
     "Example",
     false},
    {"\xc3\xa9@xn--bcher-kva.example", "\xc3\xa9", "xn--bcher-kva.example", false},
    {std::string(64, 'l') + "@example.net", std::string(64, 'l'), "example.net", false},
    {"a@" + std::string(63, 'd') + ".net", "a", std::string(63, 'd') + ".net", false},
};

const std::vector<std::string> kInvalid = {"",
                                           "@",
                                           "a",
                                           "a@",
                                           "@example.net",
                                           ".a@example.net",
                                           "a.@example.net",
                                           "a..b@example.net",
                                           "a b@example.net",
                                           "a@b@example.net",
                                           "a(b)@example.net",
                                           "a,b@example.net",
                                           "a:b@example.net",
                                           "a\\b@example.net",
                                           "\"a@example.net",
                                           "a\"@example.net",
                                           "\"a\"b@example.net",
                                           "\"a\\\"@example.net",
                                           "\"a\nb\"@example.net",
                                           std::string("\"a\0b\"@example.net", 17),
                                           "\xe9@example.net",
                                           "\"\xe9\"@example.net",
                                           "\"\\\xc3\xa9\"@example.net",
                                           "\xc0\x80@example.net",
                                           "\xed\xa0\x80@example.net",
                                           "\xf4\x90\x80\x80@example.net",
                                           "\xc3@\xa9xample.net",
                                           std::string("a\0@example.net", 14),
                                           "a@example.net.",
                                           "a@.example.net",
                                           "a@example..net",
                                           "a@-example.net",
                                           "a@example-.net",
                                           "a@exa_mple.net",
                                           "a@ex ample.net",
                                           "a@b\xfc"
                                           "cher.example",
                                           "a@\xc3\xbc..example",
                                           "a@\xc3\xbc.example.",
                                           "a@-\xc3\xbc.example",
                                           "a@b\xc3\xbc_cher.example",
                                           "a@\xe2\x99\xa5.example",
                                           "a@xn--a.b\xc3\xbc",
                                           "a@\xc3\xbc\xef\xbc\xa0"
                                           "b.example",
                                           "a@[tag:\xc3\xbc]",
                                           std::string("a@example\0.net", 14),
                                           "a@[192.0.2]",
                                           "a@[192.0.2.256]",
                                           "a@[192.0.2.1",
                                           "a@192.0.2.1]",
                                           "a@[192.0.2.1]x",
                                           "a@[]",
                                           "a@[IPv6:]",
                                           "a@[IPv6:192.0.2.1]",
                                           "a@[IPv6:zz]",
                                           "a@[2001:db8::1]x",
                                           "a@[tag-:x]",
                                           "a@[:x]",
                                           "a@[tag:]",
                                           "a@[tag:a b]",
                                           "a@[tag:a\\b]",
                                           std::string(65, 'l') + "@example.net",
                                           "\"" + std::string(63, 'l') + "\"@example.net",
                                           "a@" + std::string(64, 'd') + ".net"};

std::string domain_of(std::size_t length) {  // labels of 49 and a dot, filled up
  std::string domain;
  while (length - domain.size() > 50) domain += std::string(49, 'd') + '.';
  return domain + std::string(length - domain.size(), 'e');
}

TEST_CASE("valid mailboxes are read and printed back") {
  for (const ValidMailbox& row : kValid) {
    INFO(row.text);
    const auto address = mail::parse_mailbox(row.text);
    REQUIRE(address);
    CHECK(address->local_part == row.local_part);
    CHECK(address->domain == row.domain);
    CHECK(address->is_literal == row.is_literal);
    CHECK(mail::parse_mailbox(address->to_string()) == address);
    CHECK_FALSE(mail::parse_mailbox(row.text + ' '));
  }
}

TEST_CASE("what is no mailbox is refused, also between angle brackets") {
  for (const std::string& text : kInvalid) {
    INFO(text);
    CHECK_FALSE(mail::parse_mailbox(text));
    CHECK_FALSE(mail::parse_path('<' + text + '>', PathKind::Forward));
  }
}

TEST_CASE("every proper prefix of a path is refused, and trailing bytes are left alone") {
  for (const ValidMailbox& row : kValid) {
    const std::string text = '<' + row.text + '>';
    INFO(text);
    for (std::size_t length = 0; length < text.size(); ++length) {
      CHECK_FALSE(mail::parse_path(text.substr(0, length), PathKind::Forward));
    }
    for (const std::string tail : {"", " SIZE=1", ">", "<a@b>"}) {
      const auto parsed = mail::parse_path(text + tail, PathKind::Reverse);
      REQUIRE(parsed);
      CHECK(parsed->length == text.size());
      CHECK(parsed->path.to_string() == '<' + mail::parse_mailbox(row.text)->to_string() + '>');
    }
  }
}

TEST_CASE("the null path is a reverse-path only, bare postmaster a forward-path only") {
  REQUIRE(mail::parse_path("<>", PathKind::Reverse));
  CHECK(mail::parse_path("<>", PathKind::Reverse)->path.is_null());
  CHECK(mail::parse_path("<>", PathKind::Reverse)->path.to_string() == "<>");
  CHECK_FALSE(mail::parse_path("<>", PathKind::Forward));
  const auto postmaster = mail::parse_path("<PostMaster>", PathKind::Forward);
  REQUIRE(postmaster);
  CHECK(postmaster->path.address->local_part == "PostMaster");
  CHECK(postmaster->path.address->domain.empty());
  CHECK(postmaster->path.to_string() == "<PostMaster>");
  CHECK_FALSE(mail::parse_path("<postmaster>", PathKind::Reverse));
  CHECK_FALSE(mail::parse_path("<postmasters>", PathKind::Forward));
  CHECK_FALSE(mail::parse_path("<@example.net:postmaster>", PathKind::Forward));
  CHECK(mail::parse_path("<postmaster@ours.test>", PathKind::Forward)->path.address->domain ==
        "ours.test");
}

TEST_CASE("a source route is accepted and forgotten") {
  for (const std::string route : {"@a.example:", "@a.example,@b.example:",
                                  "@b\xc3\xbc"
                                  "cher.example:"}) {
    INFO(route);
    const auto parsed = mail::parse_path('<' + route + "info@ours.test>", PathKind::Forward);
    REQUIRE(parsed);
    CHECK(parsed->path.to_string() == "<info@ours.test>");
    CHECK(parsed->length == route.size() + 16);
  }
  for (const std::string route : {"@:", "@a.example", "@a.example,:", "@a.example,,@b.example:",
                                  "a.example:", "@a@b:", ":", "@[192.0.2.1]:", "@\xfc:"}) {
    INFO(route);
    CHECK_FALSE(mail::parse_path('<' + route + "info@ours.test>", PathKind::Forward));
  }
}

TEST_CASE("limits of domain and path") {
  CHECK(mail::is_domain(domain_of(mail::kMaxDomain)));
  CHECK_FALSE(mail::is_domain(domain_of(mail::kMaxDomain + 1)));
  const std::string longest = "<a@" + domain_of(mail::kMaxPath - 4) + '>';
  REQUIRE(longest.size() == mail::kMaxPath);
  CHECK(mail::parse_path(longest, PathKind::Forward));
  CHECK_FALSE(mail::parse_path("<a@" + domain_of(mail::kMaxPath - 3) + '>', PathKind::Forward));
  const std::string route = "@" + domain_of(200) + ':';
  CHECK(mail::parse_path('<' + route + "a@" + domain_of(50) + '>', PathKind::Forward));
  CHECK_FALSE(mail::parse_path('<' + route + "a@" + domain_of(51) + '>', PathKind::Forward));
}

TEST_CASE("limits are in octets, also of UTF-8") {
  std::string local_part;
  while (local_part.size() < mail::kMaxLocalPart) local_part += "\xc3\xbc";
  CHECK(mail::parse_mailbox(local_part + "@example.net"));
  CHECK_FALSE(mail::parse_mailbox(local_part + "a@example.net"));
  const std::string quoted = '"' + local_part.substr(2) + '"';
  CHECK(mail::parse_mailbox(quoted + "@example.net"));
  CHECK_FALSE(mail::parse_mailbox("\"a" + quoted.substr(1) + "@example.net"));
  // A quoted pair counts as written.
  CHECK_FALSE(mail::parse_mailbox("\"\\ab" + quoted.substr(3) + "@example.net"));
}

TEST_CASE("UTF-8 behind a path is not its business") {
  const auto parsed = mail::parse_path("<a@b> \xfc", PathKind::Reverse);
  REQUIRE(parsed);
  CHECK(parsed->length == 5);
}

}  // namespace
