// SPDX-License-Identifier: Apache-2.0
#include "net/event_loop.h"

#include <catch2/catch.hpp>
#include <thread>

TEST_CASE("posted work runs in the loop's thread and in order") {
  net::EventLoop loop;
  std::vector<int> order;
  std::thread::id ran_in;
  std::thread thread([&] {
    ran_in = std::this_thread::get_id();
    loop.run();
  });
  bool in_loop = true;
  for (int i = 0; i < 1000; ++i)
    loop.post([&, i] {
      in_loop = in_loop && std::this_thread::get_id() == ran_in;
      order.push_back(i);
    });
  loop.stop();
  thread.join();
  REQUIRE(order.size() == 1000);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(in_loop);
}

TEST_CASE("work posted before the loop runs is not lost") {
  net::EventLoop loop;
  bool done = false;
  loop.post([&] { done = true; });
  loop.stop();
  loop.run();
  CHECK(done);
}

TEST_CASE("work may post more work") {
  net::EventLoop loop;
  int depth = 0;
  std::function<void()> again = [&] {
    if (++depth < 10)
      loop.post(again);
    else
      loop.stop();
  };
  loop.post(again);
  loop.run();
  CHECK(depth == 10);
}

TEST_CASE("a timer repeats until it is paused") {
  net::EventLoop loop;
  int ticks = 0;
  std::unique_ptr<net::EventLoop::Watch> timer;
  timer = loop.every(std::chrono::milliseconds(1), [&] {
    if (++ticks < 3) return;
    timer->pause();
    loop.stop();
  });
  loop.run();
  CHECK(ticks == 3);
}
