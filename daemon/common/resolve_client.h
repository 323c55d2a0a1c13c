// SPDX-License-Identifier: Apache-2.0
// The way of questions to the resolve role and of their answers back.
//
// Calls come from any thread and are passed on to the main loop, which owns the channel. Answers
// come in the main loop's thread. When resolve dies, every open question fails, and until the
// supervisor has sent a new channel every new one fails at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "dns/answer.h"
#include "dns/question.h"
#include "dns/resolver.h"
#include "ipc/messages.h"
#include "net/channel_link.h"
#include "net/event_loop.h"

namespace common {

class ResolveClient final : public dns::Resolver {
 public:
  // Beyond it a question fails at once; as many as the resolver lets wait.
  static constexpr std::size_t kMaxQuestions = 8192;

  // `loop` must outlive this.
  explicit ResolveClient(net::EventLoop& loop) : loop_(loop) {}

  // Called in the main loop's thread when the channel has ended; a new one should come by
  // connect().
  void on_lost(std::function<void()> lost) { lost_ = std::move(lost); }

  // The main loop's thread: the channel that the supervisor sent.
  void connect(base::UniqueFd channel);

  // Any thread; `done` is called in the main loop's, within the resolver's own deadline or when the
  // supervisor has ended a resolver that hangs. A name that cannot be asked does not exist.
  void resolve(const dns::Question& question, dns::Payer payer, Done done) override;

 private:
  struct Pending {
    dns::Question question;
    Done done;
  };
  void ask(const dns::Question& question, dns::Payer payer, Done done);
  bool handle(const ipc::Message& message);  // false: it is no answer
  void disconnect();

  net::EventLoop& loop_;
  std::shared_ptr<net::ChannelLink> link_;  // null while resolve is away
  std::map<std::uint64_t, Pending> pending_;
  std::uint64_t last_request_ = 0;
  std::function<void()> lost_;
};

}  // namespace common
