// SPDX-License-Identifier: Apache-2.0
#include "spool/file_name.h"

#include <limits.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <limits>
#include <set>
#include <thread>
#include <vector>

namespace {

using std::chrono::microseconds, std::chrono::seconds;

base::WallTime at(std::chrono::microseconds since_epoch) {
  return base::WallTime(std::chrono::duration_cast<base::WallTime::duration>(since_epoch));
}

TEST_CASE("a name says when, who and where") {
  const std::string name =
      spool::unique_file_name(at(seconds(1795000000) + microseconds(1234)), "mx.example.org");
  const std::string prefix = "1795000000.M1234P" + std::to_string(::getpid()) + "Q";
  CHECK(name.starts_with(prefix));
  const std::size_t digits = name.find_first_not_of("0123456789", prefix.size());
  CHECK(digits > prefix.size());
  CHECK(name.substr(digits) == ".mx.example.org");
}

TEST_CASE("sizes follow the name") {
  CHECK(spool::file_name_with_sizes("1.M2P3Q4.mx", 100, 105) == "1.M2P3Q4.mx,S=100,W=105");
}

TEST_CASE("names of one moment differ, also between threads") {
  std::vector<std::vector<std::string>> names(4);
  std::vector<std::thread> threads;
  for (auto& mine : names) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < 1000; ++i) mine.push_back(spool::unique_file_name(at(seconds(1)), "mx"));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : names) all.insert(mine.begin(), mine.end());
  CHECK(all.size() == 4000);
}

TEST_CASE("names differ although the clock goes back to the same moment") {
  const base::WallTime moment(std::chrono::seconds(1700000000));
  const std::string before = spool::unique_file_name(moment, "h");
  spool::unique_file_name(moment + std::chrono::hours(24), "h");
  CHECK(spool::unique_file_name(moment, "h") != before);
}

TEST_CASE("'/' and ':' of a host are escaped") {
  CHECK(spool::host_for_file_name("mx.example.org") == "mx.example.org");
  CHECK(spool::host_for_file_name("a/b:c") == "a\\057b\\072c");
}

TEST_CASE("a host is cut at its limit, never within an escape") {
  CHECK(spool::host_for_file_name(std::string(300, 'a')) == std::string(spool::kMaxHostBytes, 'a'));
  const std::string before(spool::kMaxHostBytes - 3, 'a');
  CHECK(spool::host_for_file_name(before + "/b") == before);
}

TEST_CASE("the longest name is a legal one") {
  const std::string host = spool::host_for_file_name(std::string(253, 'h'));
  const std::string name = spool::unique_file_name(base::WallTime::max(), host);
  const std::size_t longest_counters = 7 + 20;  // a pid and a 64-bit number
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  CHECK(spool::file_name_with_sizes(name, kMax, kMax).size() + longest_counters <= NAME_MAX);
}

}  // namespace
