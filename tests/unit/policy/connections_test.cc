// SPDX-License-Identifier: Apache-2.0
#include "policy/connections.h"

#include <catch2/catch.hpp>

namespace {

base::IpAddress ip(const char* text) { return base::IpAddress::parse(text).value(); }
base::Network net(const char* text) { return base::Network::parse(text).value(); }

int code(const policy::Connections::Admission& admission) {
  return admission.refusal ? admission.refusal->code : 0;
}

}  // namespace

TEST_CASE("connections per client are capped and given back") {
  policy::Connections connections({10, 2, {}});
  auto first = connections.admit(ip("192.0.2.1"), {});
  CHECK(first.slot);
  {
    const auto second = connections.admit(ip("192.0.2.1"), {});
    CHECK(second.slot);
    const auto third = connections.admit(ip("192.0.2.1"), {});
    CHECK(code(third) == 421);
    CHECK(third.refusal->status == smtp::EnhancedStatus{4, 7, 0});
    CHECK(connections.admit(ip("192.0.2.2"), {}).slot);
  }
  CHECK(connections.open() == 1);
  CHECK(connections.admit(ip("192.0.2.1"), {}).slot);
}

TEST_CASE("an IPv6 client is its /64") {
  policy::Connections connections({10, 1, {}});
  const auto first = connections.admit(ip("2001:db8::1"), {});
  CHECK(code(connections.admit(ip("2001:db8::ffff"), {})) == 421);
  CHECK(connections.admit(ip("2001:db8:0:1::1"), {}).slot);
}

TEST_CASE("the total cap holds for everybody") {
  policy::Connections connections({2, 5, {net("192.0.2.0/24")}});
  const auto a = connections.admit(ip("192.0.2.1"), {});
  const auto b = connections.admit(ip("198.51.100.1"), {});
  const auto refused = connections.admit(ip("192.0.2.2"), {});
  CHECK(code(refused) == 421);
  CHECK(refused.refusal->status == smtp::EnhancedStatus{4, 3, 2});
}

TEST_CASE("exempt networks have no cap of their own") {
  policy::Connections connections({10, 1, {net("192.0.2.0/24")}});
  const auto a = connections.admit(ip("192.0.2.1"), {});
  CHECK(connections.admit(ip("192.0.2.1"), {}).slot);
}

TEST_CASE("allow and deny lists of a listener") {
  policy::Connections connections({10, 10, {}});
  const policy::ListenerAccess access{{net("192.0.2.0/24")}, {net("192.0.2.128/25")}};
  CHECK(connections.admit(ip("192.0.2.1"), access).slot);
  CHECK(code(connections.admit(ip("192.0.2.200"), access)) == 554);
  CHECK(code(connections.admit(ip("198.51.100.1"), access)) == 554);
  CHECK(connections.open() == 0);
}
