// SPDX-License-Identifier: Apache-2.0
// One life of the smtp role, as resolve sees it: its questions, each answered once. What has no
// answer when it ends is forgotten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/unique_fd.h"
#include "dns/answer_table.h"
#include "dns/resolver.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "net/channel_link.h"
#include "net/event_loop.h"

namespace resolve_role {

// Threads: that of the loop.
class SmtpPeer : public std::enable_shared_from_this<SmtpPeer> {
 public:
  // Octets of an answer that always finds room on the way to smtp, for as many as can wait for one.
  static constexpr std::size_t kShortAnswer = 2048;
  // What may stand on that way before longer ones find none.
  static constexpr std::size_t kMostQueued = ipc::kMaxQueuedBytes / 2;

  // Both must outlive this.
  SmtpPeer(net::EventLoop& loop, dns::Resolver& resolver) : loop_(loop), resolver_(resolver) {}

  void start(base::UniqueFd channel);

 private:
  bool handle(const ipc::Message& message);  // false: it says what it may not
  void tell(std::uint64_t request, dns::Entry entry);

  net::EventLoop& loop_;
  dns::Resolver& resolver_;
  std::shared_ptr<net::ChannelLink> link_;
};

}  // namespace resolve_role
