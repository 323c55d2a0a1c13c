// SPDX-License-Identifier: Apache-2.0
// Sweeps the leftovers of interrupted deliveries out of every tmp/, at the start and every six
// hours.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "spool/delivery.h"

namespace deliver_role {

class Janitor {
 public:
  // `spool` must outlive this. The work is done in a thread of its own.
  Janitor(spool::Spool& spool, std::vector<spool::Mailbox> mailboxes);
  ~Janitor();

 private:
  void work();
  void sweep_all();
  bool stopping();

  spool::Spool& spool_;
  const std::vector<spool::Mailbox> mailboxes_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace deliver_role
