// SPDX-License-Identifier: Apache-2.0
#include "policy/history.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using policy::History;
using std::chrono::days;

namespace {

constexpr std::size_t kNetworks = 8;
const base::WallTime kNow = *base::parse_utc("2026-11-22T12:00:00Z");
const policy::LimitSettings kSettings;
constexpr char kFirstLine[] = "postern history 1\n";

base::IpAddress address(const std::string& text) { return *base::IpAddress::parse(text); }
std::string client(std::size_t number) { return "192.0.2." + std::to_string(number); }

// With the default settings, and a time that goes on.
struct Driven {
  History history{kNetworks};
  base::WallTime now = kNow;

  void pass(const std::string& from, int times = 1) {
    for (int i = 0; i < times; ++i) history.add_pass(address(from), kSettings, now);
  }
  bool good(const std::string& from) const {
    return history.is_good(address(from), kSettings, now);
  }
};

std::size_t not_understood(const std::string& text) {
  History history(kNetworks);
  return history.load(text);
}
std::size_t lines_not_understood(const std::string& lines) {
  return not_understood(kFirstLine + lines);
}

}  // namespace

TEST_CASE("three passes are a good history, two are not") {
  Driven driven;
  CHECK_FALSE(driven.good("192.0.2.1"));
  driven.pass("192.0.2.1", 2);
  CHECK_FALSE(driven.good("192.0.2.1"));
  driven.pass("192.0.2.1");
  CHECK(driven.good("192.0.2.1"));
  CHECK_FALSE(driven.good("192.0.2.2"));
}

TEST_CASE("a history is that of the narrow network") {
  Driven driven;
  driven.pass("2001:db8:1:2::1");
  driven.pass("2001:db8:1:2::2");
  driven.pass("2001:db8:1:2:3::");
  CHECK(driven.good("2001:db8:1:2::4"));
  CHECK_FALSE(driven.good("2001:db8:1:3::1"));
  policy::LimitSettings narrower;
  narrower.narrow.v6 = 128;
  CHECK_FALSE(driven.history.is_good(address("2001:db8:1:2::4"), narrower, kNow));
}

TEST_CASE("passes count for thirty days") {
  Driven driven;
  driven.pass("192.0.2.1", 3);
  driven.now = kNow + days(30);
  CHECK(driven.good("192.0.2.1"));
  driven.now = kNow + days(31);
  CHECK_FALSE(driven.good("192.0.2.1"));
  driven.pass("192.0.2.1", 2);
  CHECK_FALSE(driven.good("192.0.2.1"));
  driven.pass("192.0.2.1");
  CHECK(driven.good("192.0.2.1"));
}

TEST_CASE("the last three passes count, whatever was before") {
  Driven driven;
  for (int day = 0; day < 100; day += 14) {
    driven.now = kNow + days(day);
    driven.pass("192.0.2.1");
    CHECK(driven.good("192.0.2.1") == (day >= 28));
  }
  driven.now += days(3);  // the third last is 31 days old
  CHECK_FALSE(driven.good("192.0.2.1"));
}

TEST_CASE("a clock that was ahead makes no history that lasts") {
  Driven driven;
  driven.now = kNow + days(365);
  driven.pass("192.0.2.1", 3);
  driven.now = kNow;
  CHECK_FALSE(driven.good("192.0.2.1"));
  driven.pass("192.0.2.1");
  CHECK(driven.good("192.0.2.1"));
  driven.now = kNow + days(31);
  CHECK_FALSE(driven.good("192.0.2.1"));
}

TEST_CASE("a clock that jumps by a day and comes back loses no history") {
  for (const auto jump : {days(1), days(-1)}) {
    Driven driven;
    driven.pass("192.0.2.1", 3);
    driven.now += jump;
    driven.pass("192.0.2.1");
    driven.now = kNow;
    CHECK(driven.good("192.0.2.1") == (jump < days(0)));  // a pass of tomorrow makes it wait
    driven.now = kNow + days(1);
    CHECK(driven.good("192.0.2.1"));
  }
}

TEST_CASE("a clock before 1970 or behind 2149 breaks nothing") {
  for (const base::WallTime now : {base::WallTime(-days(5)), base::WallTime(days(70'000))}) {
    Driven driven;
    driven.now = now;
    driven.pass("192.0.2.1", 3);
    CHECK(driven.good("192.0.2.1"));
    CHECK(not_understood(driven.history.text()) == 0);
  }
}

TEST_CASE("a history that is full forgets the quarter whose last pass is the oldest") {
  Driven driven;
  for (std::size_t i = 0; i < kNetworks; ++i) {
    driven.now = kNow + days(i);
    driven.pass(client(i), 3);
  }
  driven.pass(client(0));  // its last pass is the newest now
  CHECK(driven.history.networks() == kNetworks);
  driven.pass(client(100), 3);
  CHECK(driven.history.networks() == kNetworks - 1);
  CHECK(driven.good(client(0)));
  CHECK_FALSE(driven.good(client(1)));
  CHECK_FALSE(driven.good(client(2)));
  for (const std::size_t i : {3u, 4u, 5u, 6u, 7u, 100u}) CHECK(driven.good(client(i)));
}

TEST_CASE("of many networks with the same last pass only a quarter is forgotten") {
  Driven driven;
  for (std::size_t i = 0; i < kNetworks; ++i) driven.pass(client(i));
  driven.pass(client(100));
  CHECK(driven.history.networks() == kNetworks * 3 / 4 + 1);
  History one(1);
  for (std::size_t i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) one.add_pass(address(client(i)), kSettings, kNow);
    CHECK(one.networks() == 1);
    CHECK(one.is_good(address(client(i)), kSettings, kNow));
  }
}

TEST_CASE("a history is text, and comes back from it") {
  Driven driven;
  driven.pass("192.0.2.1", 2);
  driven.pass("2001:db8::1");
  driven.now = kNow + days(9);
  driven.pass("192.0.2.1");
  const std::string text = driven.history.text();
  CHECK(text == std::string(kFirstLine) +
                    "2001:db8::/64 2026-11-22\n"
                    "192.0.2.1/32 2026-12-01 2026-11-22 2026-11-22\n");
  History loaded(kNetworks);
  CHECK(loaded.load(text) == 0);
  CHECK(loaded.text() == text);
  CHECK(loaded.is_good(address("192.0.2.1"), kSettings, driven.now));
  CHECK(History(1).text() == kFirstLine);
}

TEST_CASE("a text that is not there, or of another version") {
  CHECK(not_understood("") == 0);
  CHECK(not_understood(kFirstLine) == 0);
  CHECK(not_understood("postern history 2\n192.0.2.1/32 2026-11-22\nx\n") == 1);
  CHECK(not_understood("192.0.2.1/32 2026-11-22\n") == 1);
}

TEST_CASE("lines that are not understood are counted, and the others are taken") {
  for (const char* bad :
       {"", " ", "x", "192.0.2.1/32", "192.0.2.1/32 ", "192.0.2.1 2026-11-22",
        "192.0.2.1/33 2026-11-22", "192.0.2.1/24 2026-11-22", "192.0.2.1/32  2026-11-22",
        "192.0.2.1/32 2026-11-22 ", "192.0.2.1/32 2026-11-22\r", "192.0.2.1/32 2026-11-31",
        "192.0.2.1/32 1970-01-01", "192.0.2.1/32 2200-01-01", "192.0.2.1/32 2026-11-22T00:00:00Z",
        "192.0.2.1/32 2026-11-22 2026-11-23",
        "192.0.2.1/32 2026-11-22 2026-11-22 2026-11-22 2026-11-22", "2001:DB8::/64 2026-11-22",
        "::ffff:192.0.2.1/128 2026-11-22"}) {
    INFO(bad);
    History history(kNetworks);
    CHECK(history.load(kFirstLine + ("198.51.100.1/32 2026-11-22\n" + std::string(bad)) +
                       "\n198.51.100.2/32 2026-11-22\n") == 1);
    CHECK(history.networks() == 2);
  }
  CHECK(lines_not_understood("192.0.2.1/32 2026-11-22") == 1);  // cut off
  const std::string longest =
      "2001:db8:1000:1000:1000:1000:1000:1000/124 2026-11-22 2026-11-22 2026-11-22";
  CHECK(longest.size() <= policy::kMaxHistoryLine);
  CHECK(lines_not_understood(longest + '\n') == 0);
  CHECK(lines_not_understood(std::string(policy::kMaxHistoryLine + 1, '1') + '\n') == 1);
}

TEST_CASE("what is known already is not loaded again") {
  Driven driven;
  driven.pass("192.0.2.1", 3);
  CHECK(driven.history.load(std::string(kFirstLine) +
                            "192.0.2.1/32 2026-01-01\n192.0.2.2/32 2026-01-01\n") == 0);
  CHECK(driven.good("192.0.2.1"));
  CHECK(driven.history.networks() == 2);
}

TEST_CASE("a history tells when there is something new to store") {
  Driven driven;
  CHECK(driven.history.changes() == 0);
  driven.pass("192.0.2.1", 3);
  CHECK(driven.history.changes() == 3);
  driven.pass("192.0.2.1", 3);
  driven.good("192.0.2.1");
  driven.history.load(driven.history.text());
  CHECK(driven.history.changes() == 3);
  driven.now += days(1);
  driven.pass("192.0.2.1");
  CHECK(driven.history.changes() == 4);
}

TEST_CASE("no more networks are loaded than there is room for") {
  std::string lines;
  for (std::size_t i = 0; i < kNetworks + 3; ++i) lines += client(i) + "/32 2026-11-22\n";
  History history(kNetworks);
  CHECK(history.load(kFirstLine + lines) == 3);
  CHECK(history.networks() == kNetworks);
}

TEST_CASE("however many are tracked, no more are kept than the state file holds") {
  const auto network_number = [](std::size_t number) {
    return address("10." + std::to_string(number >> 16) + '.' + std::to_string(number >> 8 & 255) +
                   '.' + std::to_string(number & 255));
  };
  History history(10 * policy::kMaxHistoryNetworks);
  for (std::size_t i = 0; i < policy::kMaxHistoryNetworks; ++i)
    history.add_pass(network_number(i), kSettings, kNow);
  CHECK(history.networks() == policy::kMaxHistoryNetworks);
  history.add_pass(network_number(policy::kMaxHistoryNetworks), kSettings, kNow);
  CHECK(history.networks() == policy::kMaxHistoryNetworks / 4 * 3 + 1);
}

TEST_CASE("threads share a history") {
  History history(kNetworks);
  std::atomic<bool> torn{false};
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      for (std::size_t i = 0; i < 500; ++i) {
        const auto from = address(client(i % 20));
        history.add_pass(from, kSettings, kNow + days(i / 100));
        history.is_good(from, kSettings, kNow);
        if (i % 100 == thread && !history.text().starts_with(kFirstLine)) torn = true;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(history.networks() <= kNetworks);
  CHECK_FALSE(torn);
}
