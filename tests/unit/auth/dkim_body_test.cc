// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim_body.h"

#include <catch2/catch.hpp>
#include <optional>
#include <string>

namespace {

class PieceBody : public auth::BodySource {
 public:
  PieceBody(std::string_view text, std::size_t most) : text_(text), most_(most) {}
  std::string_view at(std::size_t offset) override { return text_.substr(offset, most_); }

 private:
  std::string_view text_;
  std::size_t most_;
};

// All of it, which must not depend on the pieces.
std::optional<std::string> read(std::string_view text) {
  std::optional<std::string> whole;
  for (const std::size_t most : {std::size_t{1}, std::size_t{2}, std::size_t{3}, text.size() + 1}) {
    PieceBody body(text, most);
    std::string all;
    const bool well_formed = auth::read_body(body, [&](std::string_view piece) { all += piece; });
    if (!whole) whole = well_formed ? all : "";
    CHECK((well_formed ? all : "") == *whole);
  }
  return whole;
}

}  // namespace

// RFC 6376 sections 3.4.3 and 3.4.4
TEST_CASE("dkim body: a last line gets its CRLF") {
  CHECK(read("") == "");
  CHECK(read("a") == "a\r\n");
  CHECK(read("a\r\n") == "a\r\n");
  CHECK(read("a\r\nb") == "a\r\nb\r\n");
  CHECK(read("\r\n") == "\r\n");
  CHECK(read("\r\n ") == "\r\n \r\n");
  CHECK(read(std::string_view("\0\r\n", 3)) == std::string("\0\r\n", 3));
}

TEST_CASE("dkim body: a CR or LF alone is seen wherever it stands") {
  for (const char* text : {"\r", "\n", "a\r", "a\n", "a\rb\r\n", "a\nb\r\n", "\r\r\n", "\n\r\n",
                           "\r\n\n", "\r\n\r", "a\r\n\rb"})
    CHECK(read(text) == "");
}
