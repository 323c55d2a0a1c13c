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

  // From the next sweep on. Any thread.
  void replace(std::vector<spool::Mailbox> mailboxes);

 private:
  void work();
  void sweep_all();
  bool stopping();

  spool::Spool& spool_;
  std::mutex mutex_;
  std::vector<spool::Mailbox> mailboxes_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace deliver_role
