// SPDX-License-Identifier: Apache-2.0
// A whole flood: so many connections, at a rate, so many at once. Threads: one.
#pragma once

#include <memory>
#include <vector>

#include "load/flood/attacker.h"
#include "load/flood/options.h"

namespace flood {

class Flood {
 public:
  // `environment` must outlive it.
  Flood(Options options, const load::Environment& environment);
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;

  // Returns when every connection has ended, or the time is over.
  void execute();

  const Tally& tally() const { return tally_; }
  base::Duration elapsed() const { return elapsed_; }

 private:
  static void tick_due(int fd, short what, void* self);
  void tick();
  void remove_ended();
  void begin_some();
  void begin_one();
  void tell_time();

  Options options_;
  const load::Environment& environment_;
  const std::string client_hello_;
  Tally tally_;
  std::vector<std::unique_ptr<Attacker>> slots_;
  std::vector<std::size_t> free_slots_;
  std::vector<std::size_t> ended_slots_;  // to be removed when none of their calls is on the stack
  load::EventHandle ticks_;
  std::uint64_t tick_count_ = 0;
  std::uint64_t begun_ = 0;
  base::Instant started_;
  base::Duration elapsed_{};
};

}  // namespace flood
