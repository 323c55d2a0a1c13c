// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <memory>
#include <string>

using base::Error;
using base::Result;

TEST_CASE("a Result holds a value or an error") {
  const Result<int> good(7);
  CHECK(good.ok());
  CHECK(*good == 7);

  const Result<int> bad(Error::permanent("no such key"));
  CHECK_FALSE(bad);
  CHECK(bad.error().kind == Error::Kind::Permanent);
  CHECK(bad.error().reason == "no such key");
  CHECK(bad.error().system_error == 0);
}

TEST_CASE("a Result gives away what can only be moved") {
  Result<std::unique_ptr<int>> made(std::make_unique<int>(5));
  const std::unique_ptr<int> taken = *std::move(made);
  CHECK(*taken == 5);
}

TEST_CASE("a Result of Error's own content type is not confused with an error") {
  const Result<std::string> text(std::string("disk full"));
  REQUIRE(text.ok());
  CHECK(text->size() == 9);
}

TEST_CASE("a system error names the call and the system's reason") {
  const Error error = Error::system("open(/etc/x)", ENOENT);
  CHECK(error.kind == Error::Kind::Temporary);
  CHECK(error.system_error == ENOENT);
  CHECK(error.reason == "open(/etc/x): No such file or directory");
}

TEST_CASE("ok() is a Status without an error") { CHECK(base::ok().ok()); }
