// SPDX-License-Identifier: Apache-2.0
// The way of a line from the thread that logs to standard error or the journal. Private to obs.
#pragma once

#include <cstddef>
#include <memory>

#include "obs/log.h"
#include "obs/settings.h"

namespace obs {

inline constexpr std::size_t kQueuedLines = 8192;

// Threads: write() and wants() any; start() and stop() as in log.h.
class Writer {
 public:
  Writer();
  ~Writer();

  void use_journal(int fd);
  int journal_fd() const;
  void configure(const Settings& settings);
  void start(const Settings& settings);
  void stop();

  bool wants(Level level) const;
  void write(Level level, const Line& line);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Writer& writer();

}  // namespace obs
