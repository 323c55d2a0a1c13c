// SPDX-License-Identifier: Apache-2.0
// One libevent loop for one thread, with a way for other threads to hand it work.
#pragma once

#include <sys/time.h>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/time.h"
#include "base/unique_fd.h"

struct event;
struct event_base;

namespace net {

struct EventDeleter {
  void operator()(event* handle) const;
};
using EventHandle = std::unique_ptr<event, EventDeleter>;

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void run();  // until stop()
  // Any thread. Work posted before is still done.
  void stop();
  // Any thread: `work` runs in the loop's thread, in the order of posting, as long as the loop
  // runs.
  void post(std::function<void()> work);

  // Calls `callback` in the loop's thread. The handle ends it; it must not outlive the loop.
  using Callback = std::function<void()>;
  class Watch;
  // While the descriptor is readable (level-triggered).
  std::unique_ptr<Watch> on_readable(int fd, Callback callback);
  std::unique_ptr<Watch> on_writable(int fd, Callback callback);
  std::unique_ptr<Watch> on_signal(int signal_number, Callback callback);
  std::unique_ptr<Watch> every(base::Duration interval, Callback callback);
  // Once; the callback may destroy the handle.
  std::unique_ptr<Watch> after(base::Duration delay, Callback callback);

  event_base* native() { return base_.get(); }

 private:
  struct BaseDeleter {
    void operator()(event_base* base) const;
  };
  using Fired = void(int fd, short what, void* watch);
  std::unique_ptr<Watch> watch(int fd, short what, const timeval* interval, Callback callback,
                               Fired* fired);
  void run_posted();

  std::unique_ptr<event_base, BaseDeleter> base_;
  base::UniqueFd wake_;
  std::unique_ptr<Watch> wake_watch_;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
};

class EventLoop::Watch {
 public:
  explicit Watch(Callback callback) : callback_(std::move(callback)) {}
  // A paused watch calls nothing until it is resumed. Not for one made by after().
  void pause();
  void resume();
  void resume_every(base::Duration interval);  // for a watch made by every()

 private:
  friend class EventLoop;
  static void fired(int fd, short what, void* self);
  static void fired_once(int fd, short what, void* self);
  EventHandle event_;
  Callback callback_;
};

timeval to_timeval(base::Duration duration);

}  // namespace net
