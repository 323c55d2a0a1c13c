// SPDX-License-Identifier: Apache-2.0
#include "auth/session_facts.h"

#include <catch2/catch.hpp>
#include <string>

namespace {

std::string judged(const std::string& path) {
  const auto parsed = mail::parse_path(path, mail::PathKind::Reverse);
  REQUIRE(parsed);
  const auto sender = auth::judged_sender(parsed->path);
  return sender ? sender->to_string() : "nobody";
}

}  // namespace

TEST_CASE("the sender that is judged has its domain in A-labels") {
  CHECK(judged("<a@Example.NET>") == "a@example.net");
  CHECK(judged("<J\u00fcrgen@b\u00fccher.example>") == "J\u00fcrgen@xn--bcher-kva.example");
  CHECK(judged("<a@[IPv6:2001:DB8::1]>") == "a@[IPv6:2001:DB8::1]");
  CHECK(judged("<>") == "nobody");
}
