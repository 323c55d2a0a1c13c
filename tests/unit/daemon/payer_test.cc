// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/payer.h"

#include <catch2/catch.hpp>
#include <set>

namespace {

dns::Payer payer(const char* address) { return common::payer_of(*base::IpAddress::parse(address)); }

}  // namespace

TEST_CASE("payer: each client network has its own") {
  CHECK(payer("2001:db8:0:1::1") == payer("2001:db8:0:1:ffff::"));
  CHECK(payer("192.0.2.1") == payer("::ffff:192.0.2.1"));
  const std::set payers{payer("0.0.0.0"),        payer("192.0.2.1"), payer("192.0.2.2"),
                        payer("2001:db8:0:1::"), payer("::1"),       payer("2001:db8:0:2::"),
                        payer("0:1:c000:201::"), dns::kNoPayer};
  CHECK(payers.size() == 8);
}
