// SPDX-License-Identifier: Apache-2.0
#include "config/closest.h"

#include <catch2/catch.hpp>

using config::closest;

TEST_CASE("the closest word is at most two edits away") {
  const std::vector<std::string_view> words = {"max_recipients", "max_message_size", "tls", "deny"};
  struct Row {
    const char* word;
    const char* found;
  };
  const Row rows[] = {
      {"max_mesage_size", "max_message_size"},    // one left out
      {"max_messagee_size", "max_message_size"},  // one too many
      {"max-message-size", "max_message_size"},   // two replaced
      {"max_recipeints", "max_recipients"},       // neighbours swapped
      {"max_recpnts", ""},                        // three left out
      {"tsl", "tls"},
      {"dny", "deny"},
      {"key", ""},  // a short word has one edit
      {"", ""},
  };
  for (const Row& row : rows) {
    INFO(row.word);
    CHECK(closest(row.word, words) == row.found);
  }
}

TEST_CASE("the nearest candidate wins, then the first") {
  CHECK(closest("modes", {"mode", "models", "modest"}) == "mode");
  CHECK(closest("modess", {"mode", "modes"}) == "modes");
}

TEST_CASE("a suggestion is a question") {
  CHECK(config::did_you_mean("lisen", {"listen"}) == "did you mean \"listen\"?");
  CHECK(config::did_you_mean("other", {"listen"}).empty());
}
