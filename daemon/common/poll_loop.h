// SPDX-License-Identifier: Apache-2.0
// An event loop on poll(2) for the programs that watch a handful of descriptors and may not link
// libevent. One thread, but for post().
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/unique_fd.h"

namespace common {

class PollLoop {
 public:
  using Callback = std::function<void()>;

  PollLoop();

  // While `fd` is readable (or at its end), and writable when `wants_write` says so. Both may add
  // and remove watches, their own too. The descriptor must stay open until unwatch().
  void watch(int fd, Callback readable, std::function<bool()> wants_write = {},
             Callback writable = {});
  void unwatch(int fd);

  // Calls `callback` once, at or after `when`.
  using TimerId = std::uint64_t;
  TimerId at(base::Instant when, Callback callback);
  TimerId after(base::Duration delay, Callback callback) {
    return at(base::now() + delay, std::move(callback));
  }
  void cancel(TimerId id);

  // Any thread: `work` runs in the loop's thread.
  void post(Callback work);

  void run();                         // until stop(), which may have been before; once
  void stop();                        // the loop's thread only
  void run_for(base::Duration time);  // turns for so long, stop() or not; for tests

 private:
  struct Watch {
    Callback readable;
    std::function<bool()> wants_write;
    Callback writable;
  };
  struct Timer {
    base::Instant when;
    Callback callback;
  };
  void run_once();
  int milliseconds_to_next_timer() const;
  void run_timers();
  void run_posted();

  std::map<int, Watch> watches_;
  std::map<TimerId, Timer> timers_;
  TimerId last_timer_ = 0;
  bool stopped_ = false;
  base::UniqueFd wake_;
  std::mutex mutex_;
  std::vector<Callback> posted_;
};

}  // namespace common
