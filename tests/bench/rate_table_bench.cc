// SPDX-License-Identifier: Apache-2.0
// rate_table_bench THREADS CALLS CLIENTS: nanoseconds that a RateTable::take() takes, when each of
// the threads makes so many for clients of its own, each in other networks.
#include <barrier>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <thread>
#include <vector>

#include "policy/rate_table.h"

namespace {

base::IpAddress client(std::uint32_t number) {
  return base::IpAddress::from_v4({htonl(number << 8)});
}

double nanoseconds(base::Duration elapsed) {
  return std::chrono::duration<double, std::nano>(elapsed).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return EXIT_FAILURE;
  const auto threads = static_cast<std::uint32_t>(std::strtoul(argv[1], nullptr, 10));
  const auto calls = static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10));
  const auto clients = static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10));
  policy::LimitSettings settings;
  settings.message_rate.amount = std::numeric_limits<std::uint32_t>::max();
  policy::RateTable table(settings.tracked_networks);
  std::barrier ready(threads + 1);
  std::vector<std::thread> all;
  for (std::uint32_t thread = 0; thread < threads; ++thread)
    all.emplace_back([&, thread] {
      std::vector<base::IpAddress> mine;
      for (std::uint32_t i = 0; i < clients; ++i) mine.push_back(client(thread * clients + i));
      ready.arrive_and_wait();
      for (std::uint32_t i = 0; i < calls; ++i)
        table.take(mine[i % clients], policy::Account::Messages, settings, base::now());
    });
  ready.arrive_and_wait();
  const base::Instant start = base::now();
  for (std::thread& thread : all) thread.join();
  std::printf("%.1f\n", nanoseconds(base::now() - start) / calls);
  return EXIT_SUCCESS;
}
