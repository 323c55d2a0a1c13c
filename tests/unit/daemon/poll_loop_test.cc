// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/poll_loop.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

using common::PollLoop;

namespace {

constexpr std::chrono::milliseconds kALittle{20};

struct Pipe {
  Pipe() {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    read = base::UniqueFd(ends[0]);
    write = base::UniqueFd(ends[1]);
  }
  base::UniqueFd read, write;
};

}  // namespace

TEST_CASE("a readable descriptor is told of, until it is unwatched") {
  PollLoop loop;
  Pipe pipe;
  REQUIRE(::write(pipe.write.get(), "x", 1) == 1);
  int calls = 0;
  loop.watch(pipe.read.get(), [&] {
    if (++calls < 3) return;
    loop.unwatch(pipe.read.get());
    loop.after(kALittle, [&] { loop.stop(); });
  });
  loop.run();
  CHECK(calls == 3);
}

TEST_CASE("the end of a pipe counts as readable") {
  PollLoop loop;
  Pipe pipe;
  pipe.write.reset();
  loop.watch(pipe.read.get(), [&] { loop.stop(); });
  loop.run();
}

TEST_CASE("a watch may remove another that is ready in the same round") {
  PollLoop loop;
  Pipe a, b;
  a.write.reset();
  b.write.reset();
  int calls = 0;
  const auto remove_both = [&] {
    ++calls;
    loop.unwatch(a.read.get());
    loop.unwatch(b.read.get());
    loop.post([&] { loop.stop(); });
  };
  loop.watch(a.read.get(), remove_both);
  loop.watch(b.read.get(), remove_both);
  loop.run();
  CHECK(calls == 1);
}

TEST_CASE("writing is watched only while it is wanted") {
  PollLoop loop;
  Pipe pipe;
  int writable = 0;
  loop.watch(
      pipe.write.get(), [] {}, [&] { return writable < 2; },
      [&] {
        if (++writable == 2) loop.after(kALittle, [&] { loop.stop(); });
      });
  loop.run();
  CHECK(writable == 2);
}

TEST_CASE("timers fire in time, once, and not after they are cancelled") {
  PollLoop loop;
  std::string order;
  const base::Instant now = base::now();
  loop.at(now + 2 * kALittle, [&] { loop.stop(); });
  loop.at(now + kALittle, [&] { order += "b"; });
  loop.at(now, [&] { order += "a"; });
  const auto cancelled = loop.at(now + kALittle / 2, [&] { order += "x"; });
  loop.cancel(cancelled);
  loop.run();
  CHECK(order == "ab");
}

TEST_CASE("timers fire in their order also when the loop comes late") {
  PollLoop loop;
  std::string order;
  const base::Instant past = base::now() - kALittle;
  loop.at(past + std::chrono::milliseconds(3), [&] { order += "c"; });
  loop.at(past + std::chrono::milliseconds(1), [&] { order += "a"; });
  loop.at(past + std::chrono::milliseconds(2), [&] { order += "b"; });
  loop.run_for(std::chrono::milliseconds(0));
  CHECK(order == "abc");
}

TEST_CASE("work from other threads runs in the loop's thread") {
  PollLoop loop;
  const auto here = std::this_thread::get_id();
  int done = 0;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i)
      loop.post([&] {
        CHECK(std::this_thread::get_id() == here);
        if (++done == 100) loop.stop();
      });
  });
  loop.run();
  other.join();
  CHECK(done == 100);
}
