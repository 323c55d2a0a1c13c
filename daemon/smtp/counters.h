// SPDX-License-Identifier: Apache-2.0
// What this process counts. Each thread has its own figures, so that none waits for another's cache
// line; they are added up when somebody asks. Those of a thread that has ended stay.
//
// Threads: any.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "daemon/common/counters.h"
#include "policy/decide.h"
#include "policy/limit.h"

namespace smtp_role {

class Counters {
 public:
  Counters();
  ~Counters();
  Counters(const Counters&) = delete;
  Counters& operator=(const Counters&) = delete;

  void add(common::Counter counter);
  void add_end(std::string_view reason);  // a session ended
  void add(const policy::Disposition& disposition);
  void add(policy::Limit limit) { add(common::counter_of(limit)); }

  std::vector<std::uint64_t> sums() const;  // in the order of common::Counter

 private:
  struct Figures;
  Figures& mine();

  const std::uint64_t id_;  // of this object; never used again
  mutable std::mutex mutex_;
  std::map<std::thread::id, std::unique_ptr<Figures>> threads_;
};

}  // namespace smtp_role
