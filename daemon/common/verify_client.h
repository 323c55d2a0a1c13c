// SPDX-License-Identifier: Apache-2.0
// Has messages judged: sends each job to a free verifier, asks the DNS for what the verifier
// misses, sends it again with all answers, until there are verdicts (auth/verify.h).
//
// Calls come from any thread and are passed on to the main loop, which owns all of it; the outcome
// comes in the main loop's thread. Every job has an end: its deadline leaves what is open to be
// judged as it is. A verifier that dies over a job, or works on it for too long, costs that job
// only; the supervisor sends a channel to its successor.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "auth/verify.h"
#include "base/result.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "dns/resolver.h"
#include "ipc/messages.h"
#include "net/channel_link.h"
#include "net/event_loop.h"

namespace common {

struct VerifyLimits {
  std::size_t jobs = 10000;                                   // at one time
  std::uint64_t answer_bytes = 256u << 10;                    // of one job, as packed
  std::uint64_t all_answer_bytes = 256u << 20;                // of all of them
  std::chrono::milliseconds work{std::chrono::seconds(5)};    // of a verifier, on one round
  std::chrono::milliseconds queue{std::chrono::seconds(10)};  // beyond its deadline, for a verifier
};

class VerifyClient {
 public:
  // An error is our own trouble: the message should come again later.
  using Outcome = base::Result<auth::Verdicts>;
  using Done = std::function<void(const Outcome&)>;
  using PeerChange = std::function<void(const ipc::RoleId&)>;
  using Judged = std::function<void(const auth::Facts&, const dns::AnswerTable&)>;

  // `loop` must outlive this; `resolver` too, and it must give no answer once this is gone.
  VerifyClient(net::EventLoop& loop, dns::Resolver& resolver, const VerifyLimits& limits = {});

  // Called in the main loop's thread when a channel has ended, so that a new one should come by
  // connect(); and when a verifier should be replaced, because it does not end its work.
  void on_lost(PeerChange lost) { lost_ = std::move(lost); }
  void on_stuck(PeerChange stuck) { stuck_ = std::move(stuck); }

  // Called in the main loop's thread with what verdicts stand on, when their message has them.
  void on_judged(Judged judged) { judged_ = std::move(judged); }

  // The main loop's thread: a channel that the supervisor sent.
  void connect(const ipc::RoleId& verifier, base::UniqueFd channel);

  // Any thread. `job` is a number from next_job(); `done` is called once unless it is cancelled.
  // The facts' cutoff is set here.
  std::uint64_t next_job() { return ++last_job_; }
  void verify(std::uint64_t job, auth::SessionFacts facts, base::Duration time, Done done);
  void cancel(std::uint64_t job);  // does nothing for one that is done

 private:
  struct Job {
    auth::Facts facts;
    base::Instant deadline;
    Done done;
    dns::AnswerTable answers;
    std::uint64_t answer_bytes = 0;
    unsigned rounds = 0;      // of questions
    std::size_t missing = 0;  // answers of this round that are yet to come
    bool queued = false;
  };
  struct Verifier {
    std::shared_ptr<net::ChannelLink> link;
    std::uint64_t job = 0;  // that it works on; 0: none
    base::Instant since{};
  };
  using Jobs = std::map<std::uint64_t, Job>;
  using Verifiers = std::map<ipc::RoleId, Verifier>;

  void start(std::uint64_t number, Job job);
  void enqueue(Jobs::iterator job);
  void dispatch();
  void send(Verifiers::iterator verifier, Jobs::iterator job);
  // False: the verifier may not say that.
  bool on_message(const ipc::RoleId& id, const ipc::Message& message);
  bool on_need(Jobs::iterator job, const ipc::Need& need);
  bool take_verdicts(Jobs::iterator job, const ipc::Judged& judged);
  void on_end(const ipc::RoleId& id, const std::string& reason, bool violation);
  static bool makes_sense(const Job& job, const ipc::Need& need);
  void ask(Jobs::iterator job, const std::vector<dns::Question>& questions);
  void on_answer(std::uint64_t number, unsigned round, const dns::Question& question,
                 dns::Answer answer);
  void keep(Job& job, const dns::Question& question, dns::Answer answer);
  void finish(Jobs::iterator job, const Outcome& outcome);
  Jobs::iterator forget(Jobs::iterator job);
  // The verifier's job, if there is one, has failed.
  void drop(Verifiers::iterator verifier, const std::string& reason);
  void tick();
  void check_jobs(base::Instant now);
  void check_verifiers(base::Instant now);

  net::EventLoop& loop_;
  dns::Resolver& resolver_;
  const VerifyLimits limits_;
  PeerChange lost_;
  PeerChange stuck_;
  Judged judged_;
  Jobs jobs_;
  std::deque<std::uint64_t> queue_;  // jobs for the next free verifier; some may be cancelled
  Verifiers verifiers_;
  std::uint64_t all_answer_bytes_ = 0;
  std::unique_ptr<net::EventLoop::Watch> tick_;
  std::atomic<std::uint64_t> last_job_{0};
};

}  // namespace common
