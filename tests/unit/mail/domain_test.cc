// SPDX-License-Identifier: Apache-2.0
#include "mail/domain.h"

#include <catch2/catch.hpp>
#include <string>

namespace {

TEST_CASE("address literals of IPv4") {
  for (const std::string text : {"192.0.2.1", "0.0.0.0", "255.255.255.255", "192.000.002.001"}) {
    INFO(text);
    CHECK(mail::is_address_literal('[' + text + ']'));
  }
  for (const std::string text : {"", "192.0.2", "192.0.2.1.5", "192.0.2.", ".192.0.2", "192..2.1",
                                 "192.0.2.256", "0192.0.2.1", "192.0.2.0x1", "192.0.2.-1",
                                 "192.0.2.+1", " 192.0.2.1", "192.0.2.1 ", "3221225985"}) {
    INFO(text);
    CHECK_FALSE(mail::is_address_literal('[' + text + ']'));
  }
}

TEST_CASE("address literals of IPv6, in each of their four forms") {
  for (const std::string text :
       {"1:2:3:4:5:6:7:8", "2001:0db8:ABCD:ef01:0:0:0:1", "::", "::1", "1::", "1::8",
        "1:2:3:4:5:6::", "::3:4:5:6:7:8", "1:2:3::6:7:8", "1:2:3:4:5:6:192.0.2.1", "::192.0.2.1",
        "::ffff:192.0.2.1", "1:2:3:4::192.0.2.1", "::3:4:5:6:192.0.2.1", "1::6:192.0.2.001"}) {
    INFO(text);
    CHECK(mail::is_address_literal("[IPv6:" + text + ']'));
    CHECK(mail::is_address_literal("[ipv6:" + text + ']'));
  }
  for (const std::string text :
       {"", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
        // "::" stands for two groups at least.
        "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4::6:7:8", "1:2:3:4:5::192.0.2.1",
        "::2:3:4:5:6:192.0.2.1", "1::2::3", "::1::", "1:::2", ":1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8:", ":1::", "::1:", "12345::", "1:2:3:4:5:6:7:g", "192.0.2.1",
        "1:2:3:4:5:6:7:192.0.2.1", "192.0.2.1::", "::192.0.2.1:1", "::192.0.2", "::1%lo", " ::1",
        "::1 "}) {
    INFO(text);
    CHECK_FALSE(mail::is_address_literal("[IPv6:" + text + ']'));
  }
}

TEST_CASE("other address literals, and what is none") {
  CHECK(mail::is_address_literal("[tag:x]"));
  CHECK(mail::is_address_literal("[-tag:x]"));  // Ldh-str may begin with a hyphen
  CHECK(mail::is_address_literal("[t:a:b]"));
  CHECK(mail::is_address_literal("[IPv4:192.0.2.1]"));
  for (const std::string text :
       {"", "[", "]", "[]", "192.0.2.1", "[192.0.2.1", "192.0.2.1]", "[:x]", "[tag-:x]", "[t_g:x]",
        "[tag:]", "[tag:a b]", "[tag:a]b]", "[tag:a[b]", "[tag:a\\\\b]", "[tag:\xc3\xbc]",
        "[tag:\x7f]", "[tag:\t]"}) {
    INFO(text);
    CHECK_FALSE(mail::is_address_literal(text));
  }
  CHECK_FALSE(mail::is_address_literal(std::string("[tag:a\0]", 8)));
  const auto of_size = [](std::size_t size) { return "[t:" + std::string(size - 4, 'x') + ']'; };
  CHECK(mail::is_address_literal(of_size(mail::kMaxDomain)));
  CHECK_FALSE(mail::is_address_literal(of_size(mail::kMaxDomain + 1)));
}

TEST_CASE("labels have at most 63 octets") {
  CHECK(mail::is_domain(std::string(mail::kMaxLabel, 'a') + ".b"));
  CHECK_FALSE(mail::is_domain(std::string(mail::kMaxLabel + 1, 'a') + ".b"));
}

}  // namespace
