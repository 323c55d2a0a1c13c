// SPDX-License-Identifier: Apache-2.0
#include "base/ip_address.h"

#include <arpa/inet.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

using base::Endpoint;
using base::IpAddress;
using base::Network;

namespace {

struct Row {
  std::string text;
  std::string canonical;  // empty: refused
};

template <class T>
void check_parse(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto parsed = T::parse(row.text);
    CHECK((parsed ? parsed->to_string() : "") == row.canonical);
  }
}

IpAddress address(const char* text) { return IpAddress::parse(text).value(); }
Network network(const char* text) { return Network::parse(text).value(); }

}  // namespace

TEST_CASE("addresses") {
  check_parse<IpAddress>({
      {"192.0.2.1", "192.0.2.1"},
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"2001:DB8:0:0::1", "2001:db8::1"},
      {"::1", "::1"},
      {"2001:0db8:1111:2222:3333:4444:5555:6666", "2001:db8:1111:2222:3333:4444:5555:6666"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
      {"::FFFF:c000:0201", "192.0.2.1"},
      {"0000:0000:0000:0000:0000:ffff:192.168.100.200", "192.168.100.200"},  // the longest
      {"", ""},
      {"192.0.2", ""},
      {"192.0.2.256", ""},
      {"192.0.2.01", ""},
      {"0x7f.0.0.1", ""},
      {"192.0.2.1 ", ""},
      {"192.0.2.1/32", ""},
      {"1:2:3:4:5:6:7", ""},
      {"1::2::3", ""},
      {"fe80::1%eth0", ""},
      {"[::1]", ""},
      {std::string("192.0.2.1\0x", 11), ""},
      {"mx.example.org", ""},
      {std::string(5000, '1'), ""},
  });
}

TEST_CASE("an IPv4-mapped address is the IPv4 address") {
  const IpAddress mapped = address("::ffff:192.0.2.1");
  CHECK(mapped.is_v4());
  CHECK(mapped.bits() == 32);
  CHECK(mapped == address("192.0.2.1"));
  CHECK_FALSE(address("::192.0.2.1").is_v4());  // "compatible", not mapped
}

TEST_CASE("networks") {
  check_parse<Network>({
      {"192.0.2.0/24", "192.0.2.0/24"},
      {"192.0.2.1", "192.0.2.1/32"},
      {"192.0.2.1/32", "192.0.2.1/32"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"192.0.2.128/25", "192.0.2.128/25"},
      {"2001:db8::/32", "2001:db8::/32"},
      {"2001:db8::1", "2001:db8::1/128"},
      {"::/0", "::/0"},
      {"192.0.2.1/24", ""},  // bits beyond the prefix
      {"2001:db8::1/64", ""},
      {"::ffff:192.0.2.1", "192.0.2.1/32"},
      {"::ffff:192.0.2.0/24", ""},
      {"::ffff:192.0.2.0/120", ""},
      {"192.0.2.0/33", ""},
      {"2001:db8::/129", ""},
      {"192.0.2.0/", ""},
      {"192.0.2.0/-1", ""},
      {"192.0.2.0/024", ""},
      {"192.0.2.0/24 ", ""},
      {"192.0.2.0/24/8", ""},
      {"192.0.2.0/99999999999999999999", ""},
      {"/24", ""},
      {"", ""},
  });
}

TEST_CASE("a network contains its addresses, of its family only") {
  const Network v4 = network("192.0.2.128/25");
  CHECK(v4.contains(address("192.0.2.128")));
  CHECK(v4.contains(address("192.0.2.255")));
  CHECK_FALSE(v4.contains(address("192.0.2.127")));
  CHECK_FALSE(v4.contains(address("192.0.3.128")));
  CHECK(v4.contains(address("::ffff:192.0.2.200")));

  const Network v6 = network("2001:db8:0:8000::/49");
  CHECK(v6.contains(address("2001:db8:0:ffff::1")));
  CHECK_FALSE(v6.contains(address("2001:db8:0:7fff::1")));

  CHECK_FALSE(network("::/0").contains(address("192.0.2.1")));
  CHECK_FALSE(network("0.0.0.0/0").contains(address("::1")));
  const std::vector<base::Network> both{v4, v6};
  CHECK(base::any_contains(both, address("192.0.2.128")));
  CHECK(base::any_contains(both, address("2001:db8:0:ffff::1")));
  CHECK_FALSE(base::any_contains(both, address("192.0.2.127")));
  CHECK_FALSE(base::any_contains({}, address("192.0.2.128")));
}

TEST_CASE("the network around an address") {
  CHECK(Network::around(address("192.0.2.77"), 24).to_string() == "192.0.2.0/24");
  CHECK(Network::around(address("192.0.2.77"), 32).to_string() == "192.0.2.77/32");
  CHECK(Network::around(address("192.0.2.77"), 0).to_string() == "0.0.0.0/0");
  CHECK(Network::around(address("2001:db8:1:2:3::4"), 64).to_string() == "2001:db8:1:2::/64");
  CHECK(Network::around(address("2001:db8::4"), 128).to_string() == "2001:db8::4/128");
}

TEST_CASE("endpoints") {
  check_parse<Endpoint>({
      {"0.0.0.0:25", "0.0.0.0:25"},
      {"127.0.0.1:65535", "127.0.0.1:65535"},
      {"[::]:25", "[::]:25"},
      {"[2001:db8::1]:2525", "[2001:db8::1]:2525"},
      {"127.0.0.1:0", "127.0.0.1:0"},
      {"[::ffff:192.0.2.1]:25", ""},  // mapped: it would be an IPv4 socket; write it as one
      {"::1:25", ""},
      {"[127.0.0.1]:25", ""},
      {"[::1]", ""},
      {"[::1:25", ""},
      {"127.0.0.1", ""},
      {"127.0.0.1:", ""},
      {"127.0.0.1:65536", ""},
      {"127.0.0.1:-1", ""},
      {"127.0.0.1:+25", ""},
      {"127.0.0.1:025", ""},
      {"127.0.0.1:25x", ""},
      {":25", ""},
      {"", ""},
      {"localhost:25", ""},
  });
}

TEST_CASE("endpoints survive the way through a socket address") {
  for (const char* text : {"192.0.2.1:25", "[2001:db8::1]:2525"}) {
    const Endpoint endpoint = Endpoint::parse(text).value();
    sockaddr_storage storage{};
    CHECK(endpoint.to_sockaddr(storage) ==
          (endpoint.address.is_v4() ? sizeof(sockaddr_in) : sizeof(sockaddr_in6)));
    CHECK(Endpoint::from_sockaddr(storage) == endpoint);
  }
  sockaddr_storage other{};
  other.ss_family = AF_UNIX;
  CHECK_FALSE(Endpoint::from_sockaddr(other));
}

TEST_CASE("an IPv4 client of an IPv6 socket has its IPv4 name") {
  sockaddr_in6 mapped{};
  mapped.sin6_family = AF_INET6;
  mapped.sin6_port = htons(4711);
  REQUIRE(inet_pton(AF_INET6, "::ffff:192.0.2.1", &mapped.sin6_addr) == 1);
  sockaddr_storage storage{};
  std::memcpy(&storage, &mapped, sizeof mapped);
  CHECK(Endpoint::from_sockaddr(storage)->to_string() == "192.0.2.1:4711");
}
