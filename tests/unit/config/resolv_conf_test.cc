// SPDX-License-Identifier: Apache-2.0
#include "config/resolv_conf.h"

#include <catch2/catch.hpp>
#include <string>

namespace {

std::string servers(std::string_view text) {
  std::string result;
  for (const base::Endpoint& server : config::parse_resolv_conf(text))
    result += (result.empty() ? "" : " ") + server.to_string();
  return result;
}

}  // namespace

TEST_CASE("resolv.conf: the servers, in their order") {
  CHECK(servers("# made by somebody\nsearch example.org\nnameserver 192.0.2.1\n"
                "nameserver\t2001:db8::1 # second\noptions edns0\nnameserver 127.0.0.53\r\n") ==
        "192.0.2.1:53 [2001:db8::1]:53 127.0.0.53:53");
  CHECK(servers("nameserver 192.0.2.1") == "192.0.2.1:53");
}

TEST_CASE("resolv.conf: what names no server") {
  CHECK(servers("") == "");
  CHECK(servers("nameserver\nnameserver \nnameserver192.0.2.1\nnameservers 192.0.2.1\n"
                " nameserver 192.0.2.1\n;nameserver 192.0.2.1\nnameserver fe80::1%eth0\n"
                "nameserver dns.example.org\n") == "");
}
