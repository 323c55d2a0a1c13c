// SPDX-License-Identifier: Apache-2.0
// Has what was judged judged again by other implementations (auth/second_opinion), and logs and
// counts what they say. Nobody waits for it: it begins when a message has its verdicts, one message
// at a time, and what does not fit into its queue, or dies with postern-opinion, is only counted.
//
// The main loop's thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "auth/second_opinion/opinion.h"
#include "auth/verify.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "daemon/common/counters.h"
#include "dns/answer_table.h"
#include "ipc/messages.h"
#include "net/channel_link.h"
#include "net/event_loop.h"

namespace smtp_role {

struct OpinionLimits {
  std::size_t jobs = 200;  // that wait
  // Of one of them, as it is sent. A usual one has some 4 KiB, one of long SPF records some 26.
  std::size_t job_bytes = 64u << 10;
  std::chrono::milliseconds work{std::chrono::seconds(5)};  // on one of them
};

class OpinionClient {
 public:
  using Count = std::function<void(common::Counter)>;
  using PeerChange = std::function<void()>;

  // `loop` must outlive this.
  OpinionClient(net::EventLoop& loop, Count count, const OpinionLimits& limits = {});

  // As for VerifyClient.
  void on_lost(PeerChange lost) { lost_ = std::move(lost); }
  void on_stuck(PeerChange stuck) { stuck_ = std::move(stuck); }
  void connect(base::UniqueFd channel);

  // `facts` and `answers` are what the verdicts stand on.
  void review(const auth::Facts& facts, const auth::Verdicts& verdicts,
              const dns::AnswerTable& answers);

 private:
  struct Job {
    base::IpAddress client;
    ipc::Judge message;
  };

  void send_next();
  bool on_message(const ipc::Message& message);  // false: it may not say that
  void on_end(const std::string& reason, bool violation);
  void give_up();  // what it works on
  void count_not_asked();
  void tell(const Job& job, const auth::second_opinion::OpinionRow& opinion);
  void check_time();

  net::EventLoop& loop_;
  const Count count_;
  const OpinionLimits limits_;
  PeerChange lost_;
  PeerChange stuck_;
  std::shared_ptr<net::ChannelLink> link_;  // null: there is none now
  std::deque<Job> queue_;                   // the first is what it works on, when it is working
  bool working_ = false;
  base::Instant since_{};
  std::unique_ptr<net::EventLoop::Watch> tick_;
  std::uint64_t last_job_ = 0;
};

}  // namespace smtp_role
