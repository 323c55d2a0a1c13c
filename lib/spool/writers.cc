// SPDX-License-Identifier: Apache-2.0
#include "spool/writers.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/assert.h"

namespace spool {

struct Writers::State {
  explicit State(Spool& the_spool) : spool(the_spool) {}

  void measure();
  void run_writer(unsigned number);
  bool wait_for_work(std::unique_lock<std::mutex>& lock, unsigned number);
  void run_meter();

  Spool& spool;
  std::atomic<std::uint64_t> free_bytes{0};
  std::mutex mutex;
  std::condition_variable work_ready;       // for who is active: queue, active or stopping changed
  std::condition_variable more_active;      // for the others: active or stopping changed
  std::condition_variable measurement_due;  // delivered or writers_gone changed
  std::deque<std::function<void()>> queue;
  unsigned active = 1;                 // how many may work: the first ones
  std::multiset<base::Instant> begun;  // by those that work
  std::string space_error;             // of the last measurement
  bool stopping = false;
  bool delivered = false;  // since the last measurement
  bool writers_gone = false;
  std::vector<std::thread> writers;
  std::thread meter;
};

void Writers::State::measure() {
  const base::Result<std::uint64_t> bytes = spool.free_bytes();
  const std::lock_guard lock(mutex);
  space_error = bytes ? "" : bytes.error().reason;
  free_bytes.store(bytes ? *bytes : 0, std::memory_order_relaxed);
}

// True: there is work for this one. False: there will be none any more.
// Which threads work is fixed. A stack and a heap that were never used cost nothing, and whoever
// was woken at random would in time have used all of them.
bool Writers::State::wait_for_work(std::unique_lock<std::mutex>& lock, unsigned number) {
  for (;;) {
    more_active.wait(lock, [&] { return stopping || number < active; });
    work_ready.wait(lock, [&] { return stopping || number >= active || !queue.empty(); });
    if (number < active && !queue.empty()) return true;
    if (stopping) return false;
  }
}

void Writers::State::run_writer(unsigned number) {
  std::unique_lock lock(mutex);
  while (wait_for_work(lock, number)) {
    const auto mine = begun.insert(base::now());
    std::function<void()> task = std::move(queue.front());
    queue.pop_front();
    lock.unlock();
    task();
    task = {};  // what it holds is released before the lock is taken
    lock.lock();
    begun.erase(mine);
    delivered = true;
    measurement_due.notify_one();
  }
}

void Writers::State::run_meter() {
  std::unique_lock lock(mutex);
  while (!writers_gone) {
    measurement_due.wait_for(lock, std::chrono::seconds(1),
                             [this] { return delivered || writers_gone; });
    delivered = false;
    lock.unlock();
    measure();
    lock.lock();
  }
}

Writers::Writers(Spool& spool, unsigned active, unsigned threads)
    : state_(std::make_unique<State>(spool)) {
  POSTERN_ASSERT(active > 0 && threads >= active);
  state_->active = active;
  state_->measure();
  for (unsigned i = 0; i < threads; ++i) {
    state_->writers.emplace_back([state = state_.get(), i] { state->run_writer(i); });
  }
  state_->meter = std::thread([state = state_.get()] { state->run_meter(); });
}

Writers::~Writers() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->more_active.notify_all();
  state_->work_ready.notify_all();
  for (std::thread& writer : state_->writers) writer.join();
  {
    const std::lock_guard lock(state_->mutex);
    state_->writers_gone = true;
  }
  state_->measurement_due.notify_all();
  state_->meter.join();
}

void Writers::set_active(unsigned active) {
  POSTERN_ASSERT(active > 0 && active <= state_->writers.size());
  {
    const std::lock_guard lock(state_->mutex);
    state_->active = active;
  }
  state_->more_active.notify_all();
  state_->work_ready.notify_all();
}

bool Writers::run(std::function<void()> work) {
  const std::lock_guard lock(state_->mutex);
  POSTERN_ASSERT(!state_->stopping);
  if (state_->queue.size() >= kMaxQueued) return false;
  state_->queue.push_back(std::move(work));
  state_->work_ready.notify_one();
  return true;
}

void Writers::submit(Job job, const std::function<void(Done)>& done) {
  const auto deliver = [&spool = state_->spool, job = std::move(job), done] {
    done(spool.deliver(job));
  };
  if (run(deliver)) return;
  Done refused;
  refused.reason = "the queue of the writers is full";
  done(std::move(refused));
}

Writers::Standing Writers::standing(base::Instant now) const {
  const std::lock_guard lock(state_->mutex);
  const auto longest = state_->begun.empty() ? base::Duration{0} : now - *state_->begun.begin();
  return {longest, state_->queue.size(), state_->space_error};
}

std::uint64_t Writers::free_bytes() const {
  return state_->free_bytes.load(std::memory_order_relaxed);
}

}  // namespace spool
