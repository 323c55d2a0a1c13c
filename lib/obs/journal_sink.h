// SPDX-License-Identifier: Apache-2.0
// The journal's native socket as a sink that never blocks for long. Private to obs.
#pragma once

#include <chrono>
#include <string_view>

namespace obs {

// Threads: one at a time.
class JournalSink {
 public:
  // As StderrSink: the first entry that finds no room waits, later ones only after one got through.
  static constexpr std::chrono::milliseconds kPatience{1000};

  // `fd`: a connected datagram socket that stays open; -1: none.
  void attach(int fd);
  int fd() const { return fd_; }

  // One entry, one datagram. False: it was dropped.
  bool write(std::string_view entry);

 private:
  bool send_now(std::string_view entry) const;
  bool wait_for_room(std::chrono::milliseconds patience) const;

  int fd_ = -1;
  bool stuck_ = false;
};

}  // namespace obs
