// SPDX-License-Identifier: Apache-2.0
// Looks again and again at what all sessions share, and closes the gate before it is used up.
// Threads: the main loop's.
#pragma once

#include <functional>
#include <memory>

#include "daemon/smtp/services.h"
#include "net/event_loop.h"
#include "policy/shedding.h"

namespace smtp_role {

class LoadWatch {
 public:
  // Both must outlive this.
  LoadWatch(net::EventLoop& loop, Services& services);

  // A connection got this descriptor: between two looks many may come.
  void on_descriptor(int fd);

 private:
  void look();
  policy::Load load() const;
  void give_back();
  void apply(const policy::Shedding::State& state);

  Services& services_;
  policy::Shedding shedding_;
  policy::Shedding::State state_;
  const std::uint64_t most_descriptors_;
  unsigned looks_ = 0;
  std::uint64_t heap_ = 0;       // in use, bytes
  std::uint64_t most_heap_ = 0;  // in use at one time since some was given back
  std::unique_ptr<net::EventLoop::Watch> timer_;
};

}  // namespace smtp_role
