// SPDX-License-Identifier: Apache-2.0
// The pool of blocking writer threads: an event loop never waits for the disk.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/time.h"
#include "spool/delivery.h"

namespace spool {

class Writers {
 public:
  static constexpr std::size_t kMaxQueued = 10000;  // jobs; the session budgets stop far below

  // The most that may work at once. All threads are started at the beginning, for a process that is
  // confined cannot start any; those above `active` never work.
  static constexpr unsigned kMaxThreads = 256;

  // `spool` must outlive this. Free space is measured at once and then every second and after each
  // delivery, by a thread of the pool's own.
  Writers(Spool& spool, unsigned active, unsigned threads = kMaxThreads);
  ~Writers();  // finishes what was submitted

  void set_active(unsigned active);

  // Runs `work` in a writer thread: anything that may wait for the disk. False: the queue is full.
  [[nodiscard]] bool run(std::function<void()> work);

  // `done` is called once, in a writer thread; at once, with Outcome::Failed, when the queue is
  // full.
  void submit(Job job, const std::function<void(Done)>& done);

  // What an administrator should know of the disk.
  struct Standing {
    base::Duration longest{0};  // has the piece of work taken that was begun first
    std::size_t waiting = 0;    // pieces of work
    std::string space_error{};  // of the last measurement
  };
  Standing standing(base::Instant now) const;

  // Bytes free at the last measurement; never blocks. 0 when the measurement failed.
  std::uint64_t free_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace spool
