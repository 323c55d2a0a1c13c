// SPDX-License-Identifier: Apache-2.0
// The settings of [dns]: what they become, and every mistake.
#include <catch2/catch.hpp>
#include <string>

#include "support/configs.h"

namespace {

config::Loaded load(const std::string& lines, const std::string& resolv_conf = {}) {
  auto files = support::config_files(support::kMinimalConfig + ("[dns]\n" + lines));
  if (!resolv_conf.empty()) files.add("/etc/resolv.conf", resolv_conf);
  return config::load(support::kConfigPath, files);
}

std::string report(const config::Loaded& loaded) { return config::render(loaded.diagnostics); }

base::Endpoint endpoint(const char* text) { return *base::Endpoint::parse(text); }

}  // namespace

TEST_CASE("dns: without a word, full recursion with DNSSEC") {
  const net::ResolverSettings dns = load("").config.dns;
  CHECK(dns == net::ResolverSettings{{}, true, std::chrono::seconds(5), {}});
}

TEST_CASE("dns: every setting has its effect") {
  const auto loaded = load(
      "servers = ['127.0.0.1:5353', '[2001:db8::1]:53']\n"
      "dnssec = false\ntimeout = '1500ms'\n"
      "local_data = ['demo.test. 60 IN TXT \"v=spf1 -all\"', \"a.test\\tA\\t192.0.2.1\"]\n");
  REQUIRE(loaded.ok());
  CHECK(loaded.without_effect.empty());
  CHECK(loaded.config.dns ==
        net::ResolverSettings{{endpoint("127.0.0.1:5353"), endpoint("[2001:db8::1]:53")},
                              false,
                              std::chrono::milliseconds(1500),
                              {"demo.test. 60 IN TXT \"v=spf1 -all\"", "a.test\tA\t192.0.2.1"}});
}

TEST_CASE("dns: the servers of the system are those of its file") {
  const auto loaded = load("servers = ['system', '192.0.2.9:5300']\n",
                           "search example.org\nnameserver 127.0.0.53\nnameserver 2001:db8::1\n");
  REQUIRE(loaded.ok());
  CHECK(loaded.config.dns.servers == std::vector<base::Endpoint>{endpoint("127.0.0.53:53"),
                                                                 endpoint("[2001:db8::1]:53"),
                                                                 endpoint("192.0.2.9:5300")});
  CHECK_THAT(report(load("servers = ['system']\n", "search example.org\n")),
             Catch::Contains("dns.servers: /etc/resolv.conf names no server\n"));
  CHECK_THAT(report(load("servers = ['system']\n")),
             Catch::Contains("dns.servers: cannot read /etc/resolv.conf"));
}

TEST_CASE("dns: a line of local data with a mistake has a place") {
  CHECK_THAT(report(load("local_data = ['demo.test. A 192.0.2.1', 'demo.test. A 2001:db8::1']\n")),
             Catch::Contains("postern.conf:12:41: error: dns.local_data: an A record has one IPv4 "
                             "address\n") &&
                 Catch::Contains("as in 'demo.test. A 192.0.2.1'\n") && Catch::Contains("1 error"));
  CHECK_THAT(report(load("local_data = ['a.test A 192.0.2.1', 'a.test CNAME b.test']\n")),
             Catch::Contains("dns.local_data: a CNAME and another record have the same name\n"));
  CHECK_THAT(report(load("local_data = ['a.test A 192.0.2.1', 7]\n")),
             Catch::Contains("found an integer\n"));
}
