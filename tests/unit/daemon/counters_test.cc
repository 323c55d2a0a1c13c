// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/counters.h"

#include <catch2/catch.hpp>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "ipc/frame.h"
#include "ipc/messages.h"

using common::Counter;
using smtp_role::Counters;

namespace {

std::uint64_t sum_of(const Counters& counters, Counter counter) {
  return counters.sums().at(static_cast<std::size_t>(counter));
}
std::uint64_t all(const Counters& counters) {
  const auto sums = counters.sums();
  return std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
}

}  // namespace

TEST_CASE("every counter has a name of its own") {
  std::set<std::string_view> names;
  for (const common::CounterRule& rule : common::kCounters) CHECK(names.insert(rule.name).second);
}

TEST_CASE("every limit has a counter of its name") {
  Counters counters;
  for (std::size_t i = 0; i < policy::limit_table().size(); ++i) {
    const auto limit = static_cast<policy::Limit>(i);
    const auto name = rule_of(limit).name;
    const common::CounterRule& rule =
        common::kCounters.at(static_cast<std::size_t>(common::counter_of(limit)));
    CHECK(rule.limit == name);
    CHECK(rule.name == "limit_" + std::string(name));
    counters.add(limit);
    CHECK(sum_of(counters, common::counter_of(limit)) == 1);
    CHECK(all(counters) == i + 1);
  }
}

TEST_CASE("a session that ends is counted by its reason, where there is a counter for it") {
  Counters counters;
  counters.add_end("http");
  counters.add_end("http");
  counters.add_end("quit");
  counters.add_end("");
  CHECK(sum_of(counters, Counter::ended_http) == 2);
  CHECK(all(counters) == 2);
}

TEST_CASE("what threads count is added up, also when they have ended") {
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kRounds = 10'000;
  Counters counters;
  counters.add(Counter::connections_total);
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      for (std::uint64_t round = 0; round < kRounds; ++round) {
        counters.add(Counter::connections_total);
        if (round % 2 == 0) counters.add(policy::Limit::ban);
      }
    });
  std::uint64_t before = 0;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t now = sum_of(counters, Counter::connections_total);
    CHECK(now >= before);
    before = now;
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(sum_of(counters, Counter::connections_total) == kThreads * kRounds + 1);
  CHECK(sum_of(counters, Counter::limit_ban) == kThreads * kRounds / 2);
}

TEST_CASE("one thread counts in several objects, and in one that stands where another stood") {
  Counters first;
  Counters second;
  for (int i = 0; i < 3; ++i) {
    first.add(Counter::messages_accepted);
    second.add(Counter::messages_refused);
  }
  CHECK(sum_of(first, Counter::messages_accepted) == 3);
  CHECK(all(first) == 3);
  CHECK(sum_of(second, Counter::messages_refused) == 3);
  CHECK(all(second) == 3);
  std::optional<Counters> place;
  for (int i = 0; i < 3; ++i) {
    place.emplace();
    place->add(Counter::messages_accepted);
    CHECK(all(*place) == 1);
  }
}

TEST_CASE("all figures fit the message that tells them") {
  ipc::Pong pong;
  for (const policy::LimitRule& rule : policy::limit_table())
    if (rule.name.size() > pong.shedding.size()) pong.shedding = rule.name;
  pong.counters.assign(common::kCounters.size(), std::numeric_limits<std::uint64_t>::max());
  const auto* type = ipc::find_type(static_cast<std::uint8_t>(ipc::Type::Pong));
  CHECK(ipc::pack(pong).size() <= type->max_bytes);
}
