// SPDX-License-Identifier: Apache-2.0
#include "smtp/foreign.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace {

TEST_CASE("what is not SMTP is named by its kind") {
  struct Row {
    std::string bytes;
    std::string kind;
  };
  const std::vector<Row> rows = {
      {"GET / HTTP/1.1", "http"},
      {"get /", "http"},
      {"POST ", "http"},
      {"CONNECT mx.ours.test:25 HTTP/1.1", "http"},
      {"OPTIONS * HTTP/1.1\r\n", "http"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "http"},
      {"\x16\x03\x01", "tls_bytes"},
      {"\x16", "tls_bytes"},
      {"PROXY TCP4 192.0.2.1 192.0.2.2 1 2", "proxy_header"},
      {std::string(smtp::kProxySignature) + "\x21", "proxy_header"},
  };
  for (const Row& row : rows) {
    INFO(row.bytes);
    const auto reply = smtp::foreign_protocol(row.bytes);
    REQUIRE(reply);
    CHECK(reply->code == 554);
    CHECK(reply->reason == row.kind);
  }
}

TEST_CASE("commands, and what is not yet to be told, are not taken for it") {
  for (const std::string bytes : {"", "G", "GET", "GETS x", "EHLO GET /", "HELP", "HEADS", "PROXY",
                                  "\r\n\r\n", "\x15\x16", " GET /", "POST\t/"}) {
    INFO(bytes);
    CHECK_FALSE(smtp::foreign_protocol(bytes));
  }
}

}  // namespace
