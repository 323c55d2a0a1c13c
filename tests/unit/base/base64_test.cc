// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <catch2/catch.hpp>

TEST_CASE("base64: there and back") {
  // RFC 4648 section 10
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(base::to_base64(bytes) == text);
    CHECK(base::from_base64(text) == bytes);
  }
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  for (std::size_t size = 0; size <= all.size(); ++size) {
    const std::string bytes = all.substr(0, size);
    CHECK(base::from_base64(base::to_base64(bytes)) == bytes);
  }
}

TEST_CASE("base64: one form only") {
  for (const char* text : {"Z", "Zg", "Zg=", "Zm9", "Zg===", "====", "Z===", "=Zg=", "Zg==Zm9v",
                           "Zm9v\n", "Zm 9v", "Zm9-", "Zm_v", "Zh==", "Zm9=", "Zm9v="})
    CHECK_FALSE(base::from_base64(text));
}
