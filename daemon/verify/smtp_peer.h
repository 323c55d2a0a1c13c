// SPDX-License-Identifier: Apache-2.0
// One life of the smtp role, as a verifier sees it: jobs come, answers go, in their order.
#pragma once

#include <cstddef>
#include <memory>

#include "base/unique_fd.h"
#include "daemon/common/poll_loop.h"
#include "daemon/verify/work.h"
#include "ipc/channel.h"

namespace verify_role {

// The loop's thread only.
class SmtpPeer : public std::enable_shared_from_this<SmtpPeer> {
 public:
  // Octets: names, an address and times; what they come to in verdicts fits into an answer.
  static constexpr std::size_t kMaxFacts = 8192;

  // `loop` must outlive this.
  SmtpPeer(common::PollLoop& loop, base::UniqueFd channel, Work work);

  void start();
  void close();

 private:
  void on_readable();
  bool work_on(const ipc::Message& message);  // false: it says what it may not

  common::PollLoop& loop_;
  ipc::Channel channel_;
  const Work work_;
  bool open_ = true;
};

}  // namespace verify_role
