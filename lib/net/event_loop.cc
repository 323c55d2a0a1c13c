// SPDX-License-Identifier: Apache-2.0
#include "net/event_loop.h"

#include <event2/event.h>
#include <sys/eventfd.h>

#include <algorithm>

#include "base/assert.h"

namespace net {

void EventDeleter::operator()(event* handle) const { event_free(handle); }
void EventLoop::BaseDeleter::operator()(event_base* base) const { event_base_free(base); }

timeval to_timeval(base::Duration duration) {
  const auto clamped = std::max(duration, base::Duration::zero());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(clamped);
  const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(clamped - seconds);
  return {static_cast<time_t>(seconds.count()), static_cast<suseconds_t>(rest.count())};
}

EventLoop::EventLoop() : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  event_config* config = event_config_new();
  POSTERN_ASSERT(config != nullptr && wake_);
  // Only post() and stop() come from other threads, and they go through the eventfd.
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
  base_.reset(event_base_new_with_config(config));
  event_config_free(config);
  POSTERN_ASSERT(base_ != nullptr);
  wake_watch_ = on_readable(wake_.get(), [this] { run_posted(); });
}

EventLoop::~EventLoop() { wake_watch_.reset(); }

void EventLoop::run() { event_base_dispatch(base_.get()); }

void EventLoop::stop() {
  post([this] { event_base_loopbreak(base_.get()); });
}

void EventLoop::post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(work));
  }
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the loop is awake anyway.
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void EventLoop::run_posted() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = ::read(wake_.get(), &count, sizeof count);
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock(mutex_);
    work.swap(posted_);
  }
  for (auto& item : work) item();
}

std::unique_ptr<EventLoop::Watch> EventLoop::watch(int fd, short what, const timeval* interval,
                                                   Callback callback, Fired* fired) {
  auto result = std::make_unique<Watch>(std::move(callback));
  result->event_.reset(event_new(base_.get(), fd, what, fired, result.get()));
  POSTERN_ASSERT(result->event_ != nullptr);
  POSTERN_ASSERT(event_add(result->event_.get(), interval) == 0);
  return result;
}

std::unique_ptr<EventLoop::Watch> EventLoop::on_readable(int fd, Callback callback) {
  return watch(fd, EV_READ | EV_PERSIST, nullptr, std::move(callback), &Watch::fired);
}

std::unique_ptr<EventLoop::Watch> EventLoop::on_writable(int fd, Callback callback) {
  return watch(fd, EV_WRITE | EV_PERSIST, nullptr, std::move(callback), &Watch::fired);
}

std::unique_ptr<EventLoop::Watch> EventLoop::on_signal(int signal_number, Callback callback) {
  return watch(signal_number, EV_SIGNAL | EV_PERSIST, nullptr, std::move(callback), &Watch::fired);
}

std::unique_ptr<EventLoop::Watch> EventLoop::every(base::Duration interval, Callback callback) {
  const timeval tv = to_timeval(interval);
  return watch(-1, EV_PERSIST, &tv, std::move(callback), &Watch::fired);
}

std::unique_ptr<EventLoop::Watch> EventLoop::after(base::Duration delay, Callback callback) {
  // Or it would be counted from the beginning of this turn, which may be long ago.
  event_base_update_cache_time(base_.get());
  const timeval tv = to_timeval(delay);
  return watch(-1, 0, &tv, std::move(callback), &Watch::fired_once);
}

void EventLoop::Watch::fired(int, short, void* self) { static_cast<Watch*>(self)->callback_(); }

// The watch may be gone when the callback returns.
void EventLoop::Watch::fired_once(int, short, void* self) {
  const Callback callback = std::move(static_cast<Watch*>(self)->callback_);
  callback();
}

void EventLoop::Watch::pause() { event_del(event_.get()); }
void EventLoop::Watch::resume() { event_add(event_.get(), nullptr); }
void EventLoop::Watch::resume_every(base::Duration interval) {
  const timeval tv = to_timeval(interval);
  event_add(event_.get(), &tv);
}

}  // namespace net
