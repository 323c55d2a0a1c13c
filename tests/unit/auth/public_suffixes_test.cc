// SPDX-License-Identifier: Apache-2.0
#include "auth/public_suffixes.h"

#include <catch2/catch.hpp>
#include <string>

TEST_CASE("public suffixes: of registries, of companies, by wildcards and by the default rule") {
  const auth::PublicSuffixes suffixes;
  for (const char* name :
       {"com", "uk", "co.uk", "gov.uk", "github.io", "ck", "co.ck", "any.ck", "kobe.jp",
        "city2.kobe.jp", "test", "no-such-top-level", "localhost", "xn--p1ai", "xn--55qx5d.cn"}) {
    CAPTURE(name);
    CHECK(suffixes.contains(name));
  }
  for (const char* name :
       {"example.com", "example.co.uk", "evil.github.io", "www.ck", "city.kobe.jp", "a.b.test",
        "x.com", "xn--bcher-kva.com", "_dmarc.example.com"}) {
    CAPTURE(name);
    CHECK_FALSE(suffixes.contains(name));
  }
}

TEST_CASE("public suffixes: any bytes at any length") {
  const auth::PublicSuffixes suffixes;
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a..com"),
        std::string("\xff\x80.com"), std::string(255, 'a'), std::string(200, '.'),
        std::string(70000, 'a') + ".com"}) {
    const bool is_one = suffixes.contains(name);
    CHECK(suffixes.contains(name) == is_one);
  }
}
