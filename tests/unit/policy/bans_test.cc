// SPDX-License-Identifier: Apache-2.0
#include "policy/bans.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using policy::Ban;
using policy::Bans;
using policy::Limit;
using std::chrono::days;

namespace {

const base::WallTime kNow = *base::parse_utc("2026-11-22T12:00:00Z");
constexpr char kFirstLine[] = "postern bans 1\n";

base::Network network(const std::string& text) { return *base::Network::parse(text); }
base::IpAddress address(const std::string& text) { return *base::IpAddress::parse(text); }

struct Driven {
  Bans bans;
  policy::LimitSettings settings;
  base::WallTime now = kNow;

  std::optional<Ban> impose(const std::string& on) {
    return bans.impose(network(on), Limit::error_rate, "seen", settings, now);
  }
  base::Result<Ban> add(const std::string& on, std::chrono::milliseconds duration = 1h,
                        const std::string& reason = "why") {
    return bans.add(network(on), duration, reason, now);
  }
  std::string found(const std::string& client) const {
    const auto ban = bans.find(address(client), now);
    return ban ? ban->network.to_string() : "none";
  }
};

// One in each of the first `count` networks of 10/8.
void fill(Driven& driven, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    driven.impose("10." + std::to_string(i >> 16) + '.' + std::to_string(i >> 8 & 255) + '.' +
                  std::to_string(i & 255) + "/32");
}

std::size_t not_understood(const std::string& lines) {
  Bans bans;
  return bans.load(kFirstLine + lines);
}

}  // namespace

TEST_CASE("a ban holds for its network until its end, and for no other") {
  Driven driven;
  CHECK(driven.found("192.0.2.1") == "none");
  const auto ban = driven.impose("192.0.2.0/28");
  REQUIRE(ban);
  CHECK(ban->cause == "error_rate");
  CHECK(ban->reason == "Too many errors from your network");
  CHECK(ban->evidence == "seen");
  CHECK((ban->since == kNow && ban->until == kNow + 1h && ban->times == 1));
  CHECK_FALSE(ban->by_administrator());
  CHECK(driven.found("192.0.2.15") == "192.0.2.0/28");
  CHECK(driven.found("192.0.2.16") == "none");
  CHECK(driven.found("2001:db8::1") == "none");
  driven.now = kNow + 1h - 1s;
  CHECK(driven.found("192.0.2.15") == "192.0.2.0/28");
  driven.now = kNow + 1h;
  CHECK(driven.found("192.0.2.15") == "none");
}

TEST_CASE("of several bans that hold a client the one that ends last counts") {
  Driven driven;
  REQUIRE(driven.add("192.0.2.1/32", 2h));
  REQUIRE(driven.add("192.0.2.0/24", 3h));
  REQUIRE(driven.add("192.0.0.0/16", 1h));
  CHECK(driven.found("192.0.2.1") == "192.0.2.0/24");
  driven.bans.lift(network("192.0.2.0/24"), kNow);
  CHECK(driven.found("192.0.2.1") == "192.0.2.1/32");
  CHECK(driven.found("192.0.2.2") == "192.0.0.0/16");
}

TEST_CASE("IPv6 and IPv4 networks of the same length are not taken for each other") {
  Driven driven;
  REQUIRE(driven.add("2001:db8::/32"));
  CHECK(driven.found("2001:db8:1::1") == "2001:db8::/32");
  CHECK(driven.found("32.1.13.184") == "none");
}

TEST_CASE("a ban doubles with each repetition, up to the longest") {
  Driven driven;
  driven.settings.ban_for = 1h;
  driven.settings.ban_max = 5h;
  unsigned times = 0;
  for (const auto length : {1h, 2h, 4h, 5h, 5h}) {
    const auto ban = driven.impose("192.0.2.1/32");
    REQUIRE(ban);
    CHECK(ban->until - ban->since == length);
    CHECK(ban->times == ++times);
    driven.now = ban->until;
  }
  // Who kept quiet for as long as the longest ban begins anew.
  driven.now += 5h;
  CHECK(driven.impose("192.0.2.1/32")->times == 1);
}

TEST_CASE("a first ban is no longer than the longest, whatever the configuration says") {
  Driven driven;
  driven.settings.ban_for = 9h;
  driven.settings.ban_max = 5h;
  CHECK(driven.impose("192.0.2.1/32")->until == kNow + 5h);
}

TEST_CASE("a network that is banned is not banned again") {
  Driven driven;
  REQUIRE(driven.impose("192.0.2.1/32"));
  driven.now += 30min;
  CHECK_FALSE(driven.impose("192.0.2.1/32"));
  REQUIRE(driven.add("192.0.2.2/32", 2h));
  CHECK_FALSE(driven.impose("192.0.2.2/32"));
  CHECK(driven.bans.list(driven.now).size() == 2);
}

TEST_CASE("an administrator's ban takes the place of another, and is limited in what it may hold") {
  Driven driven;
  REQUIRE(driven.impose("192.0.2.1/32"));
  const auto added = driven.add("192.0.2.1/32", 24h, "spam since May");
  REQUIRE(added);
  CHECK(added->by_administrator());
  CHECK(added->reason == "spam since May");
  CHECK(driven.bans.list(kNow).size() == 1);

  CHECK(driven.add("10.0.0.0/8"));
  CHECK(driven.add("2000::/16"));
  for (const char* wide : {"10.0.0.0/7", "0.0.0.0/0", "2000::/15", "::/0"}) {
    INFO(wide);
    CHECK_FALSE(driven.add(wide));
  }
  CHECK(driven.add("192.0.2.3/32", days(365)));
  for (const std::chrono::milliseconds length : {0ms, -1ms, 365 * 24h + 1ms})
    CHECK_FALSE(driven.add("192.0.2.4/32", length));
  CHECK(driven.add("192.0.2.5/32", 1h, std::string(policy::kMaxBanText, 'x')));
  for (const std::string& reason :
       {std::string(), std::string("  "), std::string("a\tb"), std::string("a\r\n250 Ok"),
        std::string("\xc3\xa4"), std::string(policy::kMaxBanText + 1, 'x')}) {
    INFO(reason);
    CHECK_FALSE(driven.add("192.0.2.6/32", 1h, reason));
  }
}

TEST_CASE("a ban that is lifted is forgotten, and does not count as one before") {
  Driven driven;
  REQUIRE(driven.impose("192.0.2.1/32"));
  CHECK_FALSE(driven.bans.lift(network("192.0.2.0/24"), kNow));
  CHECK(driven.bans.lift(network("192.0.2.1/32"), kNow));
  CHECK(driven.found("192.0.2.1") == "none");
  CHECK_FALSE(driven.bans.lift(network("192.0.2.1/32"), kNow));
  CHECK(driven.impose("192.0.2.1/32")->times == 1);
  driven.now += 2h;
  CHECK_FALSE(driven.bans.lift(network("192.0.2.1/32"), driven.now));  // over, and forgotten now
  CHECK(driven.impose("192.0.2.1/32")->times == 1);
}

TEST_CASE("a ban of a clock that was wrong does not last until its time comes") {
  Driven driven;
  driven.now = kNow + days(3650);
  REQUIRE(driven.impose("192.0.2.1/32"));
  REQUIRE(driven.add("198.51.100.0/24"));
  driven.now = kNow;
  CHECK(driven.found("192.0.2.1") == "none");
  CHECK(driven.found("198.51.100.1") == "none");
  CHECK(driven.bans.list(kNow).empty());
  REQUIRE(driven.impose("192.0.2.1/32"));
  CHECK(driven.found("192.0.2.1") == "192.0.2.1/32");
}

TEST_CASE("a clock that jumps by a day and comes back loses no ban") {
  for (const auto jump : {days(1), days(-1)}) {
    Driven driven;
    REQUIRE(driven.impose("192.0.2.1/32"));
    REQUIRE(driven.add("198.51.100.0/24", days(2)));
    driven.now += jump;
    REQUIRE(driven.impose("192.0.2.2/32"));  // what is old is looked through
    driven.now = kNow + 1min;
    CHECK(driven.found("192.0.2.1") == "192.0.2.1/32");
    CHECK(driven.found("198.51.100.1") == "198.51.100.0/24");
  }
}

TEST_CASE("those in force are listed, by network") {
  Driven driven;
  driven.impose("192.0.2.2/32");
  driven.now += 30min;
  driven.impose("192.0.2.1/32");
  driven.now = kNow + 1h;
  REQUIRE(driven.bans.list(driven.now).size() == 1);
  CHECK(driven.bans.list(driven.now).front().network == network("192.0.2.1/32"));
}

TEST_CASE("there are so many bans at most: the first to end gives way, but no administrator's") {
  Driven driven;
  REQUIRE(driven.add("198.51.100.0/24", 1s));
  fill(driven, policy::kMaxBans - 1);
  CHECK(driven.bans.list(kNow).size() == policy::kMaxBans);
  driven.now += 500ms;
  REQUIRE(driven.impose("192.0.2.1/32"));
  CHECK(driven.bans.list(driven.now).size() == policy::kMaxBans);
  CHECK(driven.found("198.51.100.1") == "198.51.100.0/24");
  CHECK(driven.found("10.0.0.0") == "none");
  CHECK(driven.found("10.0.0.1") == "10.0.0.1/32");
  // An administrator's that is over is one like all others.
  driven.now = kNow + 2s;
  REQUIRE(driven.impose("192.0.2.2/32"));
  CHECK(driven.found("10.0.0.1") == "10.0.0.1/32");
}

TEST_CASE("when administrators have taken all places there is none for another") {
  Driven driven;
  for (std::size_t i = 0; i < policy::kMaxBans; ++i)
    REQUIRE(driven.add("10.0." + std::to_string(i >> 8) + '.' + std::to_string(i & 255) + "/32"));
  CHECK_FALSE(driven.impose("192.0.2.1/32"));
  CHECK_FALSE(driven.add("192.0.2.1/32"));
  CHECK(driven.add("10.0.0.1/32"));
  CHECK(driven.bans.lift(network("10.0.0.7/32"), kNow));
  CHECK(driven.impose("192.0.2.1/32"));
}

TEST_CASE("evidence is cut, not kept whole") {
  Driven driven;
  const auto ban = driven.bans.impose(network("192.0.2.1/32"), Limit::error_rate,
                                      std::string(1000, 'x'), driven.settings, kNow);
  CHECK(ban->evidence.size() == policy::kMaxBanText);
}

TEST_CASE("bans are text, and come back from it, those that are remembered too") {
  Driven driven;
  driven.impose("192.0.2.1/32");
  driven.now += 2h;
  driven.impose("192.0.2.1/32");
  driven.now += 3h;  // over, but it counts for the next
  REQUIRE(driven.add("2001:db8::/48", 24h, "said so"));
  const std::string text = driven.bans.text();
  CHECK(text == std::string(kFirstLine) +
                    "2001:db8::/48\t2026-11-22T17:00:00Z\t2026-11-23T17:00:00Z\t1\tadministrator\t"
                    "said so\t\n"
                    "192.0.2.1/32\t2026-11-22T14:00:00Z\t2026-11-22T16:00:00Z\t2\terror_rate\t"
                    "Too many errors from your network\tseen\n");
  Driven loaded;
  loaded.now = driven.now;
  CHECK(loaded.bans.load(text) == 0);
  CHECK(loaded.bans.text() == text);
  CHECK(loaded.found("2001:db8::1") == "2001:db8::/48");
  CHECK(loaded.bans.list(loaded.now).front().by_administrator());
  CHECK(loaded.impose("192.0.2.1/32")->times == 3);
}

TEST_CASE("what has come to be banned before the text is there stays as it is") {
  Driven driven;
  REQUIRE(driven.add("192.0.2.1/32", 9h));
  const std::uint64_t changes = driven.bans.changes();
  CHECK(driven.bans.load(
            std::string(kFirstLine) +
            "192.0.2.1/32\t2026-11-22T14:00:00Z\t2026-11-22T16:00:00Z\t2\tban\tx\ty\n"
            "192.0.2.2/32\t2026-11-22T12:00:00Z\t2026-11-22T16:00:00Z\t2\tban\tx\ty\n") == 0);
  CHECK(driven.bans.changes() == changes);
  CHECK(driven.bans.find(address("192.0.2.1"), kNow)->until == kNow + 9h);
  CHECK(driven.found("192.0.2.2") == "192.0.2.2/32");
}

TEST_CASE("changes are told: by a limit, by an administrator, and when one is lifted") {
  Driven driven;
  CHECK(driven.bans.changes() == 0);
  driven.impose("192.0.2.1/32");
  driven.impose("192.0.2.1/32");
  CHECK(driven.bans.changes() == 1);
  REQUIRE(driven.add("192.0.2.2/32"));
  CHECK_FALSE(driven.add("0.0.0.0/0"));
  CHECK(driven.bans.changes() == 2);
  driven.bans.lift(network("192.0.2.2/32"), kNow);
  driven.bans.lift(network("192.0.2.2/32"), kNow);
  driven.found("192.0.2.1");
  CHECK(driven.bans.changes() == 3);
}

TEST_CASE("lines of bans that are not understood are counted, and the others are taken") {
  const std::string times = "2026-11-22T14:00:00Z\t2026-11-22T16:00:00Z\t";
  CHECK(not_understood("192.0.2.1/32\t" + times + "1\tc\tr\te\n") == 0);
  for (const std::string& bad :
       {std::string(), std::string("x"), "192.0.2.1/33\t" + times + "1\tc\tr\te",
        std::string("192.0.2.1/32\t2026-11-22\t2026-11-22T16:00:00Z\t1\tc\tr\te"),
        "192.0.2.1/32\t" + times + "0\tc\tr\te", "192.0.2.1/32\t" + times + "1001\tc\tr\te",
        "192.0.2.1/32\t" + times + "-1\tc\tr\te", "192.0.2.1/32\t" + times + "1x\tc\tr\te",
        "192.0.2.1/32\t" + times + "\tc\tr\te", "192.0.2.1/32\t" + times + "1\tc\tr\te\t",
        "192.0.2.1/32\t" + times + "1\tc\tr", "192.0.2.1/32\t" + times + "1\tc\tr\te\tmore",
        "192.0.2.1/32\t" + times + "1\tc\tr\r\te", "192.0.2.1/32\t" + times + "1\tc\t\x7f\te",
        "192.0.2.1/32\t" + times + "1\tc\tr\t" + std::string(policy::kMaxBanText + 1, 'e'),
        std::string(policy::kMaxBanLine + 1, 'x')}) {
    INFO(bad);
    const std::string good = "192.0.2.9/32\t" + times + "1\tc\tr\te\n";
    CHECK(not_understood(bad + '\n' + good) == 1);
  }
  CHECK(not_understood("192.0.2.1/32\t" + times + "1\tadministrator\tr\t\n") == 0);
  const std::string text(policy::kMaxBanText, 'x');
  const std::string longest = "2001:db8:1000:1000:1000:1000:1000:1000/128\t" + times + "1000\t" +
                              "unknown_recipient_rate\t" + text + '\t' + text + '\n';
  CHECK(longest.size() <= policy::kMaxBanLine);
  CHECK(not_understood(longest) == 0);
  CHECK(not_understood(longest.substr(0, longest.size() - 1)) == 1);  // cut off
  Bans bans;
  CHECK(bans.load("postern bans 2\n" + longest) == 1);
  CHECK(bans.load("") == 0);
}

TEST_CASE("no more bans are loaded than there is room for") {
  Driven driven;
  fill(driven, policy::kMaxBans);
  const std::string one =
      "198.51.100.1/32\t2026-11-22T14:00:00Z\t2026-11-22T16:00:00Z\t1\tc\tr\te\n";
  Bans bans;
  CHECK(bans.load(driven.bans.text() + one) == 1);
  CHECK(bans.list(kNow).size() == policy::kMaxBans);
}

TEST_CASE("a ban of the last year that a clock knows can be looked at again") {
  Driven driven;
  REQUIRE(driven.bans.load(
              std::string(kFirstLine) +
              "192.0.2.1/32\t2026-11-22T12:00:00Z\t2261-12-31T23:59:59Z\t1\tc\tr\te\n") == 0);
  CHECK(driven.found("192.0.2.1") == "192.0.2.1/32");
  driven.now = *base::parse_utc("2261-12-31T23:59:59Z");
  CHECK(driven.found("192.0.2.1") == "none");
}

TEST_CASE("threads ban, look and lift together") {
  Bans bans;
  policy::LimitSettings settings;
  std::atomic<int> imposed{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const std::string client = "192.0.2." + std::to_string(i % 50);
        if (bans.impose(network(client + "/32"), Limit::error_rate, "e", settings, kNow)) ++imposed;
        bans.find(address(client), kNow);
        if (i % 100 == 0) bans.text();
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(imposed == 50);
  CHECK(bans.list(kNow).size() == 50);
}
