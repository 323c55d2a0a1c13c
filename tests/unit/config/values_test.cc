// SPDX-License-Identifier: Apache-2.0
#include "config/values.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <optional>
#include <string>

using namespace config;
using namespace std::chrono_literals;

TEST_CASE("sizes") {
  struct Row {
    const char* text;
    std::optional<std::int64_t> bytes;
  };
  const Row rows[] = {
      {"0", 0},
      {"1", 1},
      {"1000", 1000},
      {"1K", 1024},
      {"512K", 512 * 1024},
      {"25M", 25 * 1024 * 1024},
      {"2G", std::int64_t{2} << 30},
      {"8589934591G", std::int64_t{8589934591} << 30},
      {"8589934592G", {}},  // beyond 63 bits
      {"9223372036854775807", 9223372036854775807},
      {"9223372036854775808", {}},
      {"", {}},
      {"M", {}},
      {"25m", {}},
      {"25MB", {}},
      {"25 M", {}},
      {" 25M", {}},
      {"-1", {}},
      {"+1", {}},
      {"1.5M", {}},
      {"0x10", {}},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(parse_size(row.text) == row.bytes);
  }
}

TEST_CASE("durations") {
  struct Row {
    const char* text;
    std::optional<std::chrono::milliseconds> time;
  };
  const Row rows[] = {
      {"0s", 0ms},
      {"250ms", 250ms},
      {"90s", 90s},
      {"5m", 5min},
      {"1h30m", 90min},
      {"7d", 168h},
      {"1d2h3m4s5ms", 26h + 3min + 4s + 5ms},
      {"", {}},
      {"90", {}},  // the unit is missing
      {"1h30", {}},
      {"30m1h", {}},  // the larger comes first
      {"1h1h", {}},   // each once
      {"1m30ms", 60030ms},
      {"m", {}},
      {"5M", {}},
      {"5 m", {}},
      {"-5m", {}},
      {"1.5h", {}},
      {"5min", {}},
      {"106751991167d", 106751991167 * 24h},
      {"106751991168d", {}},  // beyond 63 bits of milliseconds
      {"106751991167d23h", {}},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(parse_duration(row.text) == row.time);
  }
}

TEST_CASE("rates") {
  CHECK(parse_rate("30/1m") == policy::Rate{30, 1min});
  CHECK(parse_rate("1/250ms") == policy::Rate{1, 250ms});
  CHECK(parse_byte_rate("500M/10m") == policy::Rate{500 << 20, 10min});
  for (const char* bad :
       {"", "30", "30/", "/1m", "30/1", "0/1m", "30/0s", "30 / 1m", "-1/1m", "1K/1m", "30/1m/1m"}) {
    INFO(bad);
    CHECK_FALSE(parse_rate(bad));
  }
  for (const char* bad : {"", "500M", "500MB/10m", "0/10m", "500M/0s"}) {
    INFO(bad);
    CHECK_FALSE(parse_byte_rate(bad));
  }
  const std::string most = std::to_string(config::kMaxRateAmount);
  CHECK(parse_rate(most + "/1m") == policy::Rate{config::kMaxRateAmount, 1min});
  CHECK_FALSE(parse_rate(std::to_string(config::kMaxRateAmount + 1) + "/1m"));
  CHECK_FALSE(parse_byte_rate("932G/1m"));
}

TEST_CASE("dates") {
  for (const char* good : {"2027-06-30", "2028-02-29", "0001-01-01"}) {
    INFO(good);
    CHECK(is_date(good));
  }
  for (const char* bad : {"", "2027-06-31", "2027-02-29", "2027-13-01", "2027-00-01", "27-06-30",
                          "2027/06/30", "2027-06-30T", "2027-6-300", "+027-06-30"}) {
    INFO(bad);
    CHECK_FALSE(is_date(bad));
  }
}

TEST_CASE("host names") {
  const std::string label(kMaxLabel, 'a');
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'b');
  REQUIRE(longest.size() == kMaxHostName);
  for (const std::string& good :
       {std::string("mx.example.org"), std::string("MX.Example.ORG"), std::string("localhost"),
        std::string("xn--bcher-kva.example"), std::string("1.example"),
        std::string("b\xc3\xbc"
                    "cher.example"),
        longest}) {
    INFO(good);
    CHECK_FALSE(check_host_name(good));
  }
  const std::pair<std::string, const char*> bad[] = {
      {"", "is empty"},
      {"example.org.", "must not end with a dot"},
      {"b\xc3.example", "is not a domain name, internationalized or not"},
      {"b\xc3\xbc..example", "is not a domain name, internationalized or not"},
      {longest + 'b', "is longer than 253 characters"},
      {label + "a.example", "has a label longer than 63 characters"},
      {"a..example", "is not a domain name"},
      {".example", "is not a domain name"},
      {"-a.example", "is not a domain name"},
      {"a_b.example", "is not a domain name"},
      {"[192.0.2.1]", "is not a domain name"},
      {"192.0.2.1", "ends in a number, which no domain name does"},
  };
  for (const auto& [text, complaint] : bad) {
    INFO(text);
    CHECK(check_host_name(text) == Complaint(complaint));
  }
}

TEST_CASE("mailbox names") {
  for (const std::string& good :
       {std::string("info"), std::string("first.last"), std::string("a+b"), std::string("john doe"),
        std::string(kMaxMailboxName, 'a')}) {
    INFO(good);
    CHECK_FALSE(check_mailbox_name(good));
  }
  const std::pair<std::string, const char*> bad[] = {
      {"", "is empty"},
      {std::string(kMaxMailboxName + 1, 'a'), "is longer than 64 characters"},
      {"a\tb", "has a control character in it"},
      {std::string("a\0b", 3), "has a control character in it"},
      {"a\x7f", "has a control character in it"},
      {".Junk", "must not begin with a dot"},
      {"..", "must not begin with a dot"},
      {"a/b", "must not contain '/'"},
      {"a@example.org", "must not contain '@'"},
      {"a%b", "must not contain '%'"},
      {"a!b", "must not contain '!'"},
      {"b\xc3\xbc"
       "cher",
       "must be ASCII"},
  };
  for (const auto& [text, complaint] : bad) {
    INFO(text);
    CHECK(check_mailbox_name(text) == Complaint(complaint));
  }
}

TEST_CASE("subaddress delimiters") {
  CHECK_FALSE(check_subaddress_delimiters(""));
  CHECK_FALSE(check_subaddress_delimiters("+-_"));
  for (const char* bad : {"a", "1", ".", "@", "%", "!", "/", " ", "\"", "\xc3\xbc"}) {
    INFO(bad);
    CHECK(check_subaddress_delimiters(bad));
  }
}

TEST_CASE("user names") {
  for (const char* good : {"postern", "_smtp", "www-data", "a.b", "1000"}) {
    INFO(good);
    CHECK_FALSE(check_user_name(good));
  }
  for (const char* bad : {"", "root", "0", "-x", "a b", "a/b", "a:b"}) {
    INFO(bad);
    CHECK(check_user_name(bad));
  }
}
