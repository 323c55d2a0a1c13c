// SPDX-License-Identifier: Apache-2.0
#include "smtp/reply.h"

#include <catch2/catch.hpp>
#include <string>

#include "smtp/limits.h"
#include "smtp/replies.h"

namespace {

using smtp::Reply;

TEST_CASE("replies on the wire") {
  CHECK(Reply{250, {2, 1, 0}, "Ok", {}}.render() == "250 2.1.0 Ok\r\n");
  CHECK(Reply{354, {}, "Go on", {}}.render() == "354 Go on\r\n");
  CHECK(Reply{250, {}, "a\nb\nc", {}}.render() == "250-a\r\n250-b\r\n250 c\r\n");
  CHECK(Reply{550, {5, 7, 1}, "a\nb", {}}.render() == "550-5.7.1 a\r\n550 5.7.1 b\r\n");
  CHECK(Reply{250, {2, 0, 0}, "", {}}.render() == "250 2.0.0 \r\n");
}

TEST_CASE("bytes that a reply may not carry are replaced") {
  CHECK(Reply{550, {}, "a\rb\x01\x7f\xc3\tc", {}}.render() == "550 a?b???\tc\r\n");
  CHECK(Reply{550, {}, std::string("a\0b", 3), {}}.render() == "550 a?b\r\n");
}

TEST_CASE("no line is longer than a reply line may be") {
  const std::size_t room = smtp::kMaxReplyLine - std::string("550 5.7.1 \r\n").size();
  const Reply fits{550, {5, 7, 1}, std::string(room, 'x'), {}};
  CHECK(fits.render() == "550 5.7.1 " + std::string(room, 'x') + "\r\n");
  const Reply longer{550, {5, 7, 1}, std::string(room + 1, 'x'), {}};
  CHECK(longer.render() == "550-5.7.1 " + std::string(room, 'x') + "\r\n550 5.7.1 x\r\n");
}

TEST_CASE("a reply knows what it means") {
  CHECK(smtp::replies::ok().positive());
  CHECK(smtp::replies::data_go_ahead().positive());
  CHECK(smtp::replies::too_many_sessions().temporary());
  CHECK_FALSE(smtp::replies::too_many_sessions().positive());
  CHECK_FALSE(smtp::replies::relay_denied().temporary());
  CHECK(smtp::replies::relay_denied().with_text("No").text == "No");
  CHECK(smtp::replies::relay_denied().with_text("No").reason == "relay_denied");
}

}  // namespace
