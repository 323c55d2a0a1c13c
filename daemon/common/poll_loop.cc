// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/poll_loop.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <climits>

namespace common {

PollLoop::PollLoop() : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  POSTERN_ASSERT(wake_);
  watch(wake_.get(), [this] { run_posted(); });
}

void PollLoop::watch(int fd, Callback readable, std::function<bool()> wants_write,
                     Callback writable) {
  watches_[fd] = {std::move(readable), std::move(wants_write), std::move(writable)};
}

void PollLoop::unwatch(int fd) { watches_.erase(fd); }

PollLoop::TimerId PollLoop::at(base::Instant when, Callback callback) {
  timers_[++last_timer_] = {when, std::move(callback)};
  return last_timer_;
}

void PollLoop::cancel(TimerId id) { timers_.erase(id); }

void PollLoop::post(Callback work) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(work));
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void PollLoop::run_posted() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = ::read(wake_.get(), &count, sizeof count);
  std::vector<Callback> work;
  {
    const std::lock_guard lock(mutex_);
    work.swap(posted_);
  }
  for (Callback& item : work) item();
}

void PollLoop::run() {
  while (!stopped_) run_once();
}

void PollLoop::stop() { stopped_ = true; }

void PollLoop::run_for(base::Duration time) {
  bool over = false;
  after(time, [&over] { over = true; });
  while (!over) run_once();
}

int PollLoop::milliseconds_to_next_timer() const {
  const auto next =
      std::min_element(timers_.begin(), timers_.end(),
                       [](const auto& a, const auto& b) { return a.second.when < b.second.when; });
  if (next == timers_.end()) return -1;
  const auto wait =
      std::chrono::ceil<std::chrono::milliseconds>(next->second.when - base::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(wait, 0, INT_MAX));
}

void PollLoop::run_timers() {
  const base::Instant now = base::now();
  std::vector<std::pair<base::Instant, TimerId>> due;
  for (const auto& [id, timer] : timers_)
    if (timer.when <= now) due.emplace_back(timer.when, id);
  std::sort(due.begin(), due.end());  // also when we come late to several
  for (const auto& [when, id] : due) {
    const auto timer = timers_.find(id);  // an earlier one may have cancelled it
    if (timer == timers_.end()) continue;
    const Callback callback = std::move(timer->second.callback);
    timers_.erase(timer);
    callback();
  }
}

void PollLoop::run_once() {
  std::vector<pollfd> fds;
  for (const auto& [fd, watch] : watches_) {
    const bool writing = watch.wants_write && watch.wants_write();
    fds.push_back({fd, static_cast<short>(writing ? POLLIN | POLLOUT : POLLIN), 0});
  }
  if (::poll(fds.data(), fds.size(), milliseconds_to_next_timer()) > 0) {
    for (const pollfd& ready : fds) {
      // A copy: the callback may remove its own watch. One removed meanwhile is not called, and one
      // whose number was used again at worst finds nothing to read.
      const auto found = watches_.find(ready.fd);
      if (ready.revents == 0 || found == watches_.end()) continue;
      const Watch watch = found->second;
      if ((ready.revents & POLLOUT) != 0 && watch.writable) watch.writable();
      if ((ready.revents & (POLLIN | POLLHUP | POLLERR)) != 0 && watches_.count(ready.fd) > 0)
        watch.readable();
    }
  }
  run_timers();
}

}  // namespace common
