// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/unjudged.h"

#include <catch2/catch.hpp>
#include <string>

using namespace std::chrono_literals;
using smtp_role::Unjudged;

namespace {

std::string told(const std::optional<Unjudged::Change>& change) {
  if (!change) return {};
  return (change->begins ? "begins " : "over ") + std::to_string(change->messages);
}

// So many messages in a row; what was told of them.
std::string deferred(Unjudged& unjudged, int messages, base::Instant now) {
  std::string all;
  for (int i = 0; i < messages; ++i) all += told(unjudged.failed(now));
  return all;
}

}  // namespace

TEST_CASE("ten messages in a row are told once, and so is the end") {
  Unjudged unjudged;
  const base::Instant now{};
  CHECK(deferred(unjudged, 9, now).empty());
  CHECK(unjudged.many() == 0);
  CHECK(deferred(unjudged, 1, now) == "begins 10");
  CHECK(unjudged.many() == 10);
  CHECK(deferred(unjudged, 20, now + 1h).empty());
  CHECK(unjudged.many() == 30);
  CHECK(told(unjudged.judged()) == "over 30");
  CHECK(unjudged.many() == 0);
  CHECK(told(unjudged.judged()).empty());
}

TEST_CASE("one message that can be judged begins the count anew") {
  Unjudged unjudged;
  for (int i = 0; i < 5; ++i) {
    CHECK(deferred(unjudged, 9, {}).empty());
    CHECK(told(unjudged.judged()).empty());
  }
}

TEST_CASE("it begins once in a minute at most") {
  Unjudged unjudged;
  const base::Instant now = base::now();
  CHECK(deferred(unjudged, 10, now) == "begins 10");
  CHECK(told(unjudged.judged()) == "over 10");
  CHECK(deferred(unjudged, 11, now + 59s).empty());
  CHECK(unjudged.many() == 11);
  CHECK(deferred(unjudged, 1, now + 60s) == "begins 12");
}
