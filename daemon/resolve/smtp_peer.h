// SPDX-License-Identifier: Apache-2.0
// One life of the smtp role, as resolve sees it: its questions, each answered once. What has no
// answer when it ends is forgotten.
#pragma once

#include <memory>

#include "base/unique_fd.h"
#include "dns/resolver.h"
#include "ipc/messages.h"
#include "net/channel_link.h"
#include "net/event_loop.h"

namespace resolve_role {

// Threads: that of the loop.
class SmtpPeer : public std::enable_shared_from_this<SmtpPeer> {
 public:
  // Both must outlive this.
  SmtpPeer(net::EventLoop& loop, dns::Resolver& resolver) : loop_(loop), resolver_(resolver) {}

  void start(base::UniqueFd channel);

 private:
  bool handle(const ipc::Message& message);  // false: it says what it may not

  net::EventLoop& loop_;
  dns::Resolver& resolver_;
  std::shared_ptr<net::ChannelLink> link_;
};

}  // namespace resolve_role
