// SPDX-License-Identifier: Apache-2.0
#include "net/event_loop.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>

using namespace std::chrono_literals;

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

TEST_CASE("a timer that fires once") {
  net::EventLoop loop;
  const base::Instant begin = base::now();
  std::string order;
  const auto later = loop.after(20ms, [&] { order += "b"; });
  const auto at_once = loop.after(0ms, [&] { order += "a"; });
  const auto end = loop.after(40ms, [&] { loop.stop(); });
  loop.run();
  CHECK(order == "ab");
  CHECK(base::now() - begin > 39ms);
}

TEST_CASE("a timer that is set late in a turn of the loop waits as long as any") {
  net::EventLoop loop;
  base::Instant begin;
  std::unique_ptr<net::EventLoop::Watch> end;
  loop.post([&] {
    std::this_thread::sleep_for(100ms);
    begin = base::now();
    end = loop.after(50ms, [&] { loop.stop(); });
  });
  loop.run();
  CHECK(base::now() - begin > 49ms);
}

TEST_CASE("a timer that is destroyed calls nothing, and may be from its own callback") {
  net::EventLoop loop;
  std::string order;
  auto never = loop.after(1ms, [&] { order += "never"; });
  std::unique_ptr<net::EventLoop::Watch> own;
  const std::string held = "its own";
  own = loop.after(2ms, [&, copy = held] {
    own.reset();
    order += copy;
  });
  never.reset();
  const auto end = loop.after(10ms, [&] { loop.stop(); });
  loop.run();
  CHECK(order == "its own");
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
