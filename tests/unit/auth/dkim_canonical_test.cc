// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim_canonical.h"

#include <catch2/catch.hpp>
#include <string>

using auth::DkimCanonicalization;

namespace {

constexpr auto kSimple = DkimCanonicalization::Simple;
constexpr auto kRelaxed = DkimCanonicalization::Relaxed;

mail::HeaderField field_of(const std::string& text) {
  const mail::HeaderFields header(text);
  REQUIRE(header.all().size() == 1);
  return header.all().front();
}

std::string field(const std::string& text, DkimCanonicalization form) {
  return auth::canonical_field(field_of(text), form);
}

std::string signature(const std::string& text, DkimCanonicalization form) {
  return auth::canonical_signature(field_of(text), form);
}

// All of it, which must not depend on the pieces.
std::string body(std::string_view text, DkimCanonicalization form) {
  std::string whole, in_octets;
  auth::CanonicalBody at_once(form, [&](std::string_view piece) { whole += piece; });
  auth::CanonicalBody by_octets(form, [&](std::string_view piece) { in_octets += piece; });
  at_once.feed(text);
  for (const char& c : text) by_octets.feed({&c, 1});
  at_once.finish();
  by_octets.finish();
  CHECK(whole == in_octets);
  CHECK(at_once.size() == whole.size());
  return whole;
}

}  // namespace

// RFC 6376 sections 3.4.1 and 3.4.2
TEST_CASE("dkim canonical: fields") {
  const std::string odd = "SubJect \t:\t a \t b\r\n\t c:\r\n \r\n  \r\n";
  CHECK(field(odd, kSimple) == odd);
  CHECK(field(odd, kRelaxed) == "subject:a b c:\r\n");
  CHECK(field("A: X", kSimple) == "A: X\r\n");  // the message ends within
  CHECK(field("A: X", kRelaxed) == "a:X\r\n");
  CHECK(field("a:\r\n", kRelaxed) == "a:\r\n");
  CHECK(field("a: \r\n\t\r\n", kRelaxed) == "a:\r\n");
  CHECK(field("a:\vb \f\xa0 \r\n", kRelaxed) == "a:\vb \f\xa0\r\n");
}

// RFC 6376 section 3.7
TEST_CASE("dkim canonical: a signature without its b=") {
  const std::string text = "DKIM-Signature : bh=x; b \t=\r\n b= \r\n\t; zb=\r\n B=1 ;\r\n";
  CHECK(signature(text, kSimple) == "DKIM-Signature : bh=x; b \t=; zb=\r\n B=1 ;");
  CHECK(signature(text, kRelaxed) == "dkim-signature:bh=x; b =; zb= B=1 ;");
  CHECK(signature("a:b=1\r\n \r\n", kSimple) == "a:b=");
  CHECK(signature("a:b=1; \r\n", kSimple) == "a:b=; ");
  CHECK(signature("a:b=1; \r\n", kRelaxed) == "a:b=;");
  CHECK(signature("a: b=; c=b=2", kSimple) == "a: b=; c=b=2");
}

// RFC 6376 sections 3.4.3, 3.4.4 and 3.4.5
TEST_CASE("dkim canonical: bodies") {
  struct {
    std::string_view text, simple, relaxed;
  } const rows[] = {
      {"", "\r\n", ""},
      {"\r\n", "\r\n", ""},
      {"\r\n\r\n\r\n", "\r\n", ""},
      {" \t\r\n", " \t\r\n", ""},
      {"a\r\n", "a\r\n", "a\r\n"},
      {"a\r\n\r\n\r\n", "a\r\n", "a\r\n"},
      {"a \t b\t\r\n \r\n", "a \t b\t\r\n \r\n", "a b\r\n"},
      {"\t a\r\n", "\t a\r\n", " a\r\n"},
      {"\r\n \r\na\r\n\r\nb\r\n", "\r\n \r\na\r\n\r\nb\r\n", "\r\n\r\na\r\n\r\nb\r\n"},
      {" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"},
      {"a \v \f\r\n", "a \v \f\r\n", "a \v \f\r\n"},
  };
  for (const auto& row : rows) {
    CHECK(body(row.text, kSimple) == row.simple);
    CHECK(body(row.text, kRelaxed) == row.relaxed);
  }
}

TEST_CASE("dkim canonical: a body beyond its buffer") {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "\r\n";
  CHECK(body(text, kSimple) == "\r\n");
  text += std::string(10'000, 'x') + "\r\n";
  CHECK(body(text, kSimple) == text);
  CHECK(body(text + "\r\n", kRelaxed) == text);
}
