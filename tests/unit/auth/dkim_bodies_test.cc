// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim_bodies.h"

#include <catch2/catch.hpp>

#include "base/base64.h"

using auth::DkimCanonicalization;

namespace {

class CountedBody : public auth::BodySource {
 public:
  explicit CountedBody(std::string_view text) : text_(text) {}
  std::string_view at(std::size_t offset) override {
    if (offset == 0) ++reads;
    return text_.substr(offset, 1);
  }
  int reads = 0;

 private:
  std::string_view text_;
};

}  // namespace

// RFC 6376 sections 3.4.3 and 3.4.4 have the hashes.
TEST_CASE("dkim bodies: sizes and hashes, at as few readings as can be") {
  CountedBody body(" \r\n\r\n");
  auth::DkimBodies bodies;
  CHECK(bodies.read(body, false, false));
  CHECK(body.reads == 0);
  CHECK(bodies.read(body, false, true));
  CHECK(body.reads == 1);
  const auto relaxed = bodies.of(DkimCanonicalization::Relaxed);
  CHECK(relaxed.size == 0);
  CHECK(base::to_base64(relaxed.sha256) == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  CHECK(bodies.read(body, true, true));
  CHECK(body.reads == 2);
  CHECK(bodies.of(DkimCanonicalization::Simple).size == 3);
  CHECK(bodies.of(DkimCanonicalization::Relaxed).sha256 == relaxed.sha256);
  CHECK(bodies.read(body, true, true));
  CHECK(body.reads == 2);
  CountedBody empty("");
  auth::DkimBodies of_empty;
  CHECK(of_empty.read(empty, true, true));
  CHECK(empty.reads == 1);
  CHECK(base::to_base64(of_empty.of(DkimCanonicalization::Simple).sha256) ==
        "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=");
}

TEST_CASE("dkim bodies: a CR or LF alone") {
  auth::TextBody body("a\n");
  CHECK_FALSE(auth::DkimBodies().read(body, true, false));
}
