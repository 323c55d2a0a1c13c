// SPDX-License-Identifier: Apache-2.0
// One life of the smtp role, as a verifier sees it: jobs come, answers go, in their order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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
  static constexpr std::size_t kMaxVerdicts = 256u << 10;
  // Of a message, above what the configuration allows.
  static constexpr std::uint64_t kMaxHeader = 4u << 20;
  static constexpr std::uint64_t kMaxBody = std::uint64_t{2} << 30;

  // `loop` must outlive this.
  SmtpPeer(common::PollLoop& loop, base::UniqueFd channel, Work work);

  void start();
  void close();

 private:
  void on_readable();
  // False: it says what it may not.
  bool take(ipc::Message& message);
  bool attach(ipc::Message& message);
  bool work_on(const ipc::Message& message);

  common::PollLoop& loop_;
  ipc::Channel channel_;
  const Work work_;
  bool open_ = true;
  // For the next job.
  std::uint64_t attached_to_ = 0;  // its number; 0: nothing is
  std::optional<std::string> header_;
  std::vector<MessageBody::Piece> body_;
};

}  // namespace verify_role
