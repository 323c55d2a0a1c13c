// SPDX-License-Identifier: Apache-2.0
#include "dns/name.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "dns/question.h"

namespace {

std::string repeated(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

const std::string kLabel63(63, 'a');
const std::string kName253 = repeated(kLabel63 + '.', 3) + std::string(61, 'b');

}  // namespace

TEST_CASE("names: lower case, without the last dot") {
  CHECK(dns::normalized_name("Example.ORG.") == "example.org");
  CHECK(dns::normalized_name("example.org") == "example.org");
  CHECK(dns::normalized_name("org") == "org");
  CHECK(dns::normalized_name("_Spf.a b.\xc3\x84.x") == "_spf.a b.\xc3\x84.x");
}

TEST_CASE("names: what cannot be asked is known") {
  const std::vector<std::string> bad = {"",     ".",     "..",           ".a",
                                        "a..b", "a.b..", kLabel63 + "a", kName253 + "b"};
  for (const auto& name : bad) {
    CAPTURE(name);
    CHECK_FALSE(dns::normalized_name(name));
    CHECK_FALSE(dns::Question::about(name, dns::Type::A));
  }
  CHECK(dns::normalized_name(kLabel63) == kLabel63);
  REQUIRE(kName253.size() == dns::kMaxName);
  CHECK(dns::normalized_name(kName253) == kName253);
  CHECK(dns::normalized_name(kName253 + '.') == kName253);
}

TEST_CASE("names: labels") {
  CHECK(dns::label_count("") == 0);
  CHECK(dns::label_count("org") == 1);
  CHECK(dns::label_count("a.example.org") == 3);
  CHECK(dns::is_at_or_below("a.example.org", "example.org"));
  CHECK(dns::is_at_or_below("example.org", "example.org"));
  CHECK_FALSE(dns::is_at_or_below("anexample.org", "example.org"));
  CHECK_FALSE(dns::is_at_or_below("org", "example.org"));
}

TEST_CASE("names: every byte can be presented") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    if (byte == '.' || (byte >= 'A' && byte <= 'Z')) continue;
    all += static_cast<char>(byte);
    if (byte % 32 == 31) all += '.';
  }
  all.pop_back();
  REQUIRE(dns::normalized_name(all) == all);
  const std::string text = dns::presentation(all);
  CHECK(text.find_first_of(" ;\"\n") == std::string::npos);
  CHECK(dns::from_presentation(text) == all);

  CHECK(dns::presentation("a b\\.example") == "a\\032b\\092.example");
  CHECK(dns::presentation("") == ".");
  CHECK(dns::from_presentation(".") == "");
}

TEST_CASE("names: a bad presentation is none") {
  for (const char* text : {"", "a b", "a\\", "a\\1", "a\\12", "a\\256", "a\\999", "a\\046b", "a\\b",
                           "a\"", "a;b", "a..b", "a\t", "\x7f"}) {
    CAPTURE(text);
    CHECK_FALSE(dns::from_presentation(text));
  }
}

TEST_CASE("names: of addresses") {
  const auto v4 = *base::IpAddress::parse("192.0.2.1");
  const auto v6 = *base::IpAddress::parse("2001:db8::cafe");
  CHECK(dns::dotted_address(v4) == "192.0.2.1");
  CHECK(dns::reverse_name(v4) == "1.2.0.192.in-addr.arpa");
  CHECK(dns::dotted_address(v6) ==
        "2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.c.a.f.e");
  CHECK(dns::reverse_name(v6) ==
        "e.f.a.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

TEST_CASE("types: names and codes") {
  CHECK(dns::parse_type("AAAA") == dns::Type::Aaaa);
  CHECK_FALSE(dns::parse_type("aaaa"));
  CHECK_FALSE(dns::parse_type("SPF"));
  for (int i = 0; i <= static_cast<int>(dns::Type::Last_); ++i) {
    const auto type = static_cast<dns::Type>(i);
    CHECK(dns::parse_type(dns::name_of(type)) == type);
  }
  CHECK(dns::code_of(dns::Type::Mx) == 15);
  CHECK(dns::Question::about("Example.org.", dns::Type::Txt)->to_string() == "example.org TXT");
}
