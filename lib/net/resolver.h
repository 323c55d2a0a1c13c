// SPDX-License-Identifier: Apache-2.0
// The DNS by libunbound, on an event loop: full recursion with validation, or by way of servers
// that are named.
//
// One cache. A question that is being asked already is not asked again. What libunbound cannot
// answer within `timeout` is a Failure; when its answer comes later, it is in the cache. Names
// below the domains of `local_data` never leave the process, nor do names that cannot be asked.
//
// Threads: that of the loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "dns/resolver.h"
#include "net/event_loop.h"
#include "net/settings.h"

namespace net {

class Resolver final : public dns::Resolver {
 public:
  // What libunbound has in hand, for longer than `timeout` when nobody answers it. Lower where the
  // process may not have as many descriptors. Beyond it a question fails at once.
  static constexpr std::size_t kMaxAsked = 4096;
  // What of that is on the account of one payer, who must not take the DNS away from the others;
  // the next ones wait for their turn, within their `timeout`. A question that nobody waits for any
  // more counts until the library gives it up: its socket and its memory are in use. So it stands
  // in the way of its payer, and of nobody else.
  static constexpr std::size_t kMaxAskedByOne = 128;
  static constexpr std::size_t kMaxQueuedByOne = 1024;  // beyond it a question fails at once
  // Who waits for an answer; likewise.
  static constexpr std::size_t kMaxWaiting = 8192;

  // Where it sends anything to, in order and each once.
  static std::vector<std::uint16_t> server_ports(const ResolverSettings& settings);

  // Everything that is ever opened by name is opened here. `loop` must outlive the resolver.
  static base::Result<std::unique_ptr<Resolver>> make(EventLoop& loop,
                                                      const ResolverSettings& settings);
  // Who still waits hears nothing.
  ~Resolver() override;

  void resolve(const dns::Question& question, dns::Payer payer, Done done) override;

 private:
  class Impl;
  explicit Resolver(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

  std::shared_ptr<Impl> impl_;
};

}  // namespace net
