// SPDX-License-Identifier: Apache-2.0
// Has messages judged: sends each job to a free verifier, asks the DNS for what the verifier
// misses, sends it again with all answers, until there are verdicts (auth/verify.h). A job begins
// before its message has come, and is told of the header and of the body when they have. While the
// sender's domain or the message has questions, only their answers are waited for, and neither
// waits for the other; those to the client's own questions come along when they are there.
//
// Calls come from any thread and are passed on to the main loop, which owns all of it; the outcome
// comes in the main loop's thread. Every job has an end: its deadline leaves what is open to be
// judged as it is. A verifier that dies over a job, or works on it for too long, costs that job
// only; the supervisor sends a channel to its successor.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "auth/verify.h"
#include "base/result.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "daemon/common/answer_size.h"
#include "dns/resolver.h"
#include "ipc/messages.h"
#include "net/channel_link.h"
#include "net/event_loop.h"

namespace common {

struct VerifyLimits {
  std::size_t jobs = 10000;  // at one time
  // Of one job, as packed. What each part of the checks brings is counted apart: nobody fills the
  // memory that another's domain needs.
  std::uint64_t sender_bytes = 256u << 10;
  std::uint64_t message_bytes = 2u << 20;
  std::uint64_t client_bytes = 68u << 10;       // helo and iprev
  std::uint64_t all_answer_bytes = 256u << 20;  // of all jobs; beyond it the largest job fails
  std::chrono::milliseconds work{std::chrono::seconds(5)};    // of a verifier, on one round
  std::chrono::milliseconds queue{std::chrono::seconds(10)};  // beyond its deadline, for a verifier
};

// Bytes of a message that a verifier can read itself, as ipc::Attach has them.
struct MessagePiece {
  base::SharedFd fd;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

class VerifyClient {
 public:
  // An error is our own trouble: the message should come again later.
  using Outcome = base::Result<auth::Verdicts>;
  using Done = std::function<void(const Outcome&)>;
  using PeerChange = std::function<void(const ipc::RoleId&)>;
  using Judged =
      std::function<void(const auth::Facts&, const auth::Verdicts&, const dns::AnswerTable&)>;

  // `loop` must outlive this; `resolver` too, and it must give no answer once this is gone.
  VerifyClient(net::EventLoop& loop, dns::Resolver& resolver, const VerifyLimits& limits = {});

  // Called in the main loop's thread when a channel has ended, so that a new one should come by
  // connect(); and when a verifier should be replaced, because it does not end its work.
  void on_lost(PeerChange lost) { lost_ = std::move(lost); }
  void on_stuck(PeerChange stuck) { stuck_ = std::move(stuck); }

  // Called in the main loop's thread with verdicts and what they stand on, when their message has
  // them.
  void on_judged(Judged judged) { judged_ = std::move(judged); }

  // Called in the main loop's thread with the client whose message a verifier crashed over.
  using Crashed = std::function<void(const base::IpAddress& client, const ipc::RoleId& verifier)>;
  void on_crashed(Crashed crashed) { crashed_ = std::move(crashed); }
  // The main loop's thread: the supervisor says that it did. Its channel may have ended before, or
  // may be about to.
  void crashed(const ipc::RoleId& verifier);

  // The main loop's thread: a channel that the supervisor sent.
  void connect(const ipc::RoleId& verifier, base::UniqueFd channel);

  // Any thread. `job` is a number from next_job(); `done` is called once unless it is cancelled.
  // What `done` is called with before the body is added is an error.
  std::uint64_t next_job() { return ++last_job_; }
  void verify(std::uint64_t job, auth::SessionFacts facts, const auth::Settings& settings,
              Done done);
  // All of the header, with what we shall take out of it, and the empty line if there is one;
  // sealed. The time that the checks have begins anew: a client may be slow to come so far.
  void add_header(std::uint64_t job, MessagePiece header);
  // What stands behind the header, in ipc::kMaxBodyPieces at most; all of it sealed, or files that
  // are not written to any more. At least one piece, maybe an empty one.
  void add_body(std::uint64_t job, std::vector<MessagePiece> body);
  void cancel(std::uint64_t job);  // does nothing for one that is done, as the two above

 private:
  // Whose questions they are, as in auth::Need.
  enum class Part : std::uint8_t { Sender, Message, Client };
  static constexpr std::size_t kParts = 3;

  struct Job {
    enum class State {
      Waits,   // for answers
      Idle,    // for more of the message
      Queued,  // for a verifier
      AtVerifier,
    };
    State state = State::Waits;
    auth::Facts facts;
    base::Duration time{};
    base::Instant deadline;
    base::Instant queued;
    Done done;
    MessagePiece header;             // without a descriptor: has not come
    std::vector<MessagePiece> body;  // empty: has not come
    std::size_t pieces_sent = 0;     // with the last round
    dns::AnswerTable answers;
    auth::Asked asked;
    std::array<bool, kParts> needs{};     // whose questions the last round had
    std::map<dns::Question, Part> waits;  // those of them that are open
    std::vector<dns::Entry> late;  // came while it is at a verifier, which knows them as open
    struct Use {
      std::uint64_t bytes = 0;
      unsigned rounds = 0;
    };
    std::array<Use, kParts> uses;

    std::uint64_t bytes() const;
    bool can_go_on() const;  // one part has all that it waited for
    std::size_t pieces() const { return (header.fd != nullptr ? 1 : 0) + body.size(); }
    const auth::Cutoff& cutoff(Part part) const;
    auth::Cutoff& cutoff(Part part);
    void cut(auth::Cutoff why);  // all that has begun and is not cut off yet
  };
  struct Verifier {
    std::shared_ptr<net::ChannelLink> link;
    std::uint64_t job = 0;  // that it works on; 0: none
    base::Instant since{};
    base::IpAddress client;  // whose job it is, also when that has been cancelled
  };
  using Jobs = std::map<std::uint64_t, Job>;
  using Verifiers = std::map<ipc::RoleId, Verifier>;

  void start(std::uint64_t number, Job job);
  void add(std::uint64_t number, const std::function<void(Job&)>& add_to);
  void enqueue(Jobs::iterator job);
  void dispatch();
  void send(Verifiers::iterator verifier, Jobs::iterator job);
  // False: the verifier may not say that.
  bool on_message(const ipc::RoleId& id, const ipc::Message& message);
  bool on_need(Jobs::iterator job, const ipc::Need& need);
  bool take_verdicts(Jobs::iterator job, const ipc::Judged& judged);
  void on_end(const ipc::RoleId& id, const std::string& reason, bool violation);
  static bool makes_sense(const Job& job, const ipc::Need& need);
  static Part part_of(const ipc::Need& need, std::size_t question);
  static void begin_round(Job& job, const ipc::Need& need);
  void ask(Jobs::iterator job, const ipc::Need& need);
  void on_answer(std::uint64_t number, dns::Entry entry);
  void take(Job& job, dns::Entry entry);
  void keep(Job& job, Part part, dns::Entry entry);
  std::uint64_t limit_of(Part part) const;
  void make_room();
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
  Crashed crashed_;
  Jobs jobs_;
  std::deque<std::uint64_t> queue_;  // jobs for the next free verifier
  Verifiers verifiers_;
  std::map<ipc::RoleId, base::IpAddress> last_clients_;  // over whose job a channel ended
  std::uint64_t all_answer_bytes_ = 0;
  std::unique_ptr<net::EventLoop::Watch> tick_;
  std::atomic<std::uint64_t> last_job_{0};
};

}  // namespace common
