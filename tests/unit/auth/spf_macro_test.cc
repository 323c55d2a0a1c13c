// SPDX-License-Identifier: Apache-2.0
#include "auth/spf_macro.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace {

using auth::MacroPlace;
using auth::MacroString;

// The example of RFC 7208 section 7.4.
auth::MacroValues values() {
  auth::MacroValues values;
  values.sender = "strong-bad@email.example.com";
  values.local_part = "strong-bad";
  values.sender_domain = values.domain = "email.example.com";
  values.client = "192.0.2.3";
  values.validated = "mx.example.org";
  values.version = "in-addr";
  values.helo = "a&b/c d.example";
  values.readable_client = "192.0.2.3";
  values.receiver = "mx.ours.test";
  values.timestamp = "1795294980";
  return values;
}

std::string expanded(const std::string& text, MacroPlace place = MacroPlace::Modifier) {
  const auto macro = MacroString::parse(text, place);
  return macro ? macro->expand(values(), 1000) : "(no macro-string)";
}

}  // namespace

TEST_CASE("macros: the examples of RFC 7208 section 7.4") {
  struct Example {
    const char* text;
    const char* expanded;
  };
  for (const auto& [text, wanted] : std::vector<Example>{
           {"%{s}", "strong-bad@email.example.com"},
           {"%{o}", "email.example.com"},
           {"%{d}", "email.example.com"},
           {"%{d4}", "email.example.com"},
           {"%{d3}", "email.example.com"},
           {"%{d2}", "example.com"},
           {"%{d1}", "com"},
           {"%{dr}", "com.example.email"},
           {"%{d2r}", "example.email"},
           {"%{l}", "strong-bad"},
           {"%{l-}", "strong.bad"},
           {"%{lr}", "strong-bad"},
           {"%{lr-}", "bad.strong"},
           {"%{l1r-}", "strong"},
           {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
           {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
           {"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
           {"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
       }) {
    CAPTURE(text);
    CHECK(expanded(text) == wanted);
  }
}

TEST_CASE("macros: letters, transformers and escapes") {
  CHECK(expanded("%%%_%-") == "% %20");
  CHECK(expanded("%{H}") == "a%26b%2Fc%20d.example");
  CHECK(expanded("%{p}%{D2R}") == "mx.example.orgexample.email");
  CHECK(expanded("%{i127}") == "192.0.2.3");
  CHECK(expanded("%{d99999999999999999999999999}") == "email.example.com");
  CHECK(expanded("%{s.-+,/_=}") == "strong.bad@email.example.com");
  // Joined by dots whatever it was split at, empty parts kept.
  CHECK(expanded("%{h/}") == "a&b.c d.example");
  CHECK(expanded("%{h3/r}") == "(no macro-string)");
  CHECK(expanded("%{h1e}") == "(no macro-string)");
  CHECK(expanded("%{c} %{r} %{t}", MacroPlace::Explanation) == "192.0.2.3 mx.ours.test 1795294980");
}

TEST_CASE("macros: what is none") {
  for (const char* text : {"%",     "%a",     "%(d)",   "%{",       "%{}",   "%{d",    "%{x}",
                           "%{d0}", "%{d00}", "%{dr2}", "%{d.x}",   "%{d }", "%{c}",   "%{r}",
                           "%{t}",  "a b",    "\x7f",   "\xc3\xa4", "a\tb",  "%{%{d}}"}) {
    CAPTURE(text);
    CHECK_FALSE(MacroString::parse(text, MacroPlace::Modifier));
  }
  CHECK_FALSE(MacroString::parse("\xc3\xa4", MacroPlace::Explanation));
  CHECK_FALSE(MacroString::parse("a\nb", MacroPlace::Explanation));
  CHECK(MacroString::parse("", MacroPlace::Modifier));
  CHECK(MacroString::parse("a=b:c/d", MacroPlace::Modifier));
}

TEST_CASE("macros: a domain-spec ends in a macro or a top label") {
  for (const char* text : {"a.example", "a.example.", "a.1e", "a.xn--a", "_spf.a.b", ".com",
                           "a:b/c.example", "%{d}", "a%{d}", "%%", "a%-", "%{d}.com", "a..b"}) {
    CAPTURE(text);
    CHECK(MacroString::parse(text, MacroPlace::DomainSpec));
  }
  for (const char* text : {"", "com", "com.", ".", "a.123", "a.-b", "a.b-", "a.b..", "a.b:80",
                           "%{d}com", "a.b_c", "a.b/24", "%{d}.", "a b.example"}) {
    CAPTURE(text);
    CHECK_FALSE(MacroString::parse(text, MacroPlace::DomainSpec));
  }
}

TEST_CASE("macros: an expansion ends when it has enough") {
  std::string storm;
  for (int i = 0; i < 16000; ++i) storm += "%{s}";
  const auto macro = MacroString::parse(storm, MacroPlace::Modifier);
  REQUIRE(macro);
  const std::string text = macro->expand(values(), 253);
  CHECK(text.size() > 253);
  CHECK(text.size() <= 253 + values().sender.size());
  CHECK(text.ends_with(values().sender));
  CHECK(macro->uses('s'));
  CHECK_FALSE(macro->uses('p'));
}
