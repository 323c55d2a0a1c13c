// SPDX-License-Identifier: Apache-2.0
// The way of questions to the resolve role and of their answers back.
//
// Calls come from any thread and are passed on to the main loop, which owns the channel. Answers
// come in the main loop's thread. Questions outlive a resolve that dies: its successor is asked
// what has no answer yet, once, and what was asked while there was none. A question that two have
// died over fails, and so does one that waits for kAway for a successor.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
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
  // A successor is there within a fraction of a second, or within a few if it dies at its start.
  static constexpr std::chrono::milliseconds kAway{std::chrono::seconds(5)};

  // `loop` must outlive this. `away`: how long a question waits for a resolve that is not there.
  explicit ResolveClient(net::EventLoop& loop, std::chrono::milliseconds away = kAway);

  // Called in the main loop's thread when the channel has ended; a new one should come by
  // connect().
  void on_lost(std::function<void()> lost) { lost_ = std::move(lost); }

  // The main loop's thread: the channel that the supervisor sent.
  void connect(base::UniqueFd channel);

  // Any thread; `done` is called in the main loop's, within the deadline of one resolver, or of two
  // and `away`; one that hangs is ended by the supervisor. A name that cannot be asked does not
  // exist.
  void resolve(const dns::Question& question, dns::Payer payer, Done done) override;

 private:
  struct Pending {
    dns::Question question;
    dns::Payer payer = dns::kNoPayer;
    Done done;
    int asked = 0;        // how many lives of resolve
    base::Instant until;  // while resolve is away
  };
  void ask(Pending pending);
  void send(std::uint64_t request);
  bool handle(const ipc::Message& message);  // false: it is no answer
  void disconnect();
  void arm();
  void expire();
  void fail(const std::vector<std::uint64_t>& requests, const char* reason);

  net::EventLoop& loop_;
  const std::chrono::milliseconds away_;
  std::shared_ptr<net::ChannelLink> link_;    // null while resolve is away
  std::map<std::uint64_t, Pending> pending_;  // the lowest is the first whose `until` is over
  std::uint64_t last_request_ = 0;
  std::function<void()> lost_;
  std::unique_ptr<net::EventLoop::Watch> timer_;
};

}  // namespace common
