// SPDX-License-Identifier: Apache-2.0
// Standard error as a sink that never blocks for long. Private to obs.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string_view>

#include "obs/render.h"

namespace obs {

// Threads: any.
class StderrSink {
 public:
  // How long the first line waits for a standard error that takes nothing. Later ones do not wait
  // until it takes something again, so a stuck reader costs a whole queue this time once.
  static constexpr std::chrono::milliseconds kPatience{1000};

  // Looks anew at what descriptor 2 is.
  void attach();
  Target target() const { return target_; }  // never waits for a write in progress

  // `line` ends in a newline. False: it was dropped, in part perhaps.
  bool write(std::string_view line);

 private:
  bool wait_for_room();
  bool write_all(std::string_view bytes);

  std::mutex mutex_;
  std::atomic<Target> target_{Target::Stream};
  bool is_socket_ = false;
  bool stuck_ = false;
  bool inside_line_ = false;  // a part of a dropped line was written
};

}  // namespace obs
