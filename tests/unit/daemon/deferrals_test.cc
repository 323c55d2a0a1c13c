// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/deferrals.h"

#include <catch2/catch.hpp>
#include <string>

using namespace std::chrono_literals;
using smtp_role::Deferrals;

namespace {

std::string told(const std::optional<Deferrals::Change>& change) {
  if (!change) return {};
  return (change->begins ? "begins " : "over ") + std::to_string(change->messages);
}

// So many messages in a row; what was told of them.
std::string deferred(Deferrals& deferrals, int messages, base::Instant now) {
  std::string all;
  for (int i = 0; i < messages; ++i) all += told(deferrals.deferred(now));
  return all;
}

}  // namespace

TEST_CASE("ten messages in a row are told once, and so is the end") {
  Deferrals deferrals;
  const base::Instant now{};
  CHECK(deferred(deferrals, 9, now).empty());
  CHECK(deferrals.many() == 0);
  CHECK(deferred(deferrals, 1, now) == "begins 10");
  CHECK(deferrals.many() == 10);
  CHECK(deferred(deferrals, 20, now + 1h).empty());
  CHECK(deferrals.many() == 30);
  CHECK(told(deferrals.answered()) == "over 30");
  CHECK(deferrals.many() == 0);
  CHECK(told(deferrals.answered()).empty());
}

TEST_CASE("one message that can be judged begins the count anew") {
  Deferrals deferrals;
  for (int i = 0; i < 5; ++i) {
    CHECK(deferred(deferrals, 9, {}).empty());
    CHECK(told(deferrals.answered()).empty());
  }
}

TEST_CASE("it begins once in a minute at most") {
  Deferrals deferrals;
  const base::Instant now = base::now();
  CHECK(deferred(deferrals, 10, now) == "begins 10");
  CHECK(told(deferrals.answered()) == "over 10");
  CHECK(deferred(deferrals, 11, now + 59s).empty());
  CHECK(deferrals.many() == 11);
  CHECK(deferred(deferrals, 1, now + 60s) == "begins 12");
}
