// SPDX-License-Identifier: Apache-2.0
#include "mail/folded.h"

#include <catch2/catch.hpp>

namespace {

TEST_CASE("a line of 78 columns is not folded, one of 79 is") {
  const std::string word(76, 'a');
  CHECK(mail::folded({word, "b"}) == word + " b\r\n");
  CHECK(mail::folded({word + 'a', "b"}) == word + "a\r\n\tb\r\n");
  CHECK(mail::folded({"b", word, "c"}) == "b " + word + "\r\n\tc\r\n");
}

TEST_CASE("a folded line begins with the indent, which counts") {
  const std::string word(77, 'a');
  CHECK(mail::folded({word, word, "b"}, ' ') == word + "\r\n " + word + "\r\n b\r\n");
  CHECK(mail::folded({word, word.substr(2), "b"}, ' ') ==
        word + "\r\n " + word.substr(2) + " b\r\n");
}

TEST_CASE("a token that is too long for any line stays whole") {
  const std::string word(900, 'a');
  CHECK(mail::folded({word}) == word + "\r\n");
  CHECK(mail::folded({"b", word, "c"}) == "b\r\n\t" + word + "\r\n\tc\r\n");
}

}  // namespace
