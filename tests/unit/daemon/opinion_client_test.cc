// SPDX-License-Identifier: Apache-2.0
// Second opinions that nobody waits for, whatever becomes of them.
#include "daemon/smtp/opinion_client.h"

#include <catch2/catch.hpp>
#include <list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ipc/channel.h"

using auth::SpfResult, auth::second_opinion::Opinions, auth::second_opinion::Outcome;
using common::Counter;
using smtp_role::OpinionClient, smtp_role::OpinionLimits;
using std::chrono::milliseconds;

namespace {

// The other end of a channel.
class FakeReviewer {
 public:
  using Behaviour = std::function<void(FakeReviewer&, const ipc::Judge&)>;

  FakeReviewer(net::EventLoop& loop, base::UniqueFd fd, Behaviour behaviour)
      : behaves_(std::move(behaviour)),
        channel_(std::move(fd), ipc::State::JobsFromSmtp),
        readable_(loop.on_readable(channel_.fd(), [this] { on_readable(); })) {}

  template <class Message>
  void say(const Message& message) {
    REQUIRE(channel_.send(message).ok());
  }
  void die() {
    readable_->pause();
    channel_.close();
  }
  std::vector<ipc::Judge> jobs;

 private:
  void on_readable() {
    const auto open = channel_.receive();
    for (auto message = channel_.next(); message && *message; message = channel_.next()) {
      const auto job = ipc::unpack<ipc::Judge>((*message)->body);
      REQUIRE(job);
      jobs.push_back(*job);
      behaves_(*this, *job);
    }
    if (!open || !*open) readable_->pause();
  }

  const Behaviour behaves_;
  ipc::Channel channel_;
  std::unique_ptr<net::EventLoop::Watch> readable_;
};

constexpr int kResults = 3;  // of a message

Opinions opinions(Outcome mailfrom, Outcome helo, Outcome dmarc = Outcome::NotAsked) {
  using auth::DmarcPolicy, auth::DmarcResult;
  return {{mailfrom, "example.org", SpfResult::Pass, SpfResult::Fail, ""},
          {helo, "helo.example", SpfResult::None, SpfResult::None, ""},
          {dmarc,
           "example.net",
           {DmarcResult::Fail, DmarcPolicy::Reject},
           {DmarcResult::Pass, DmarcPolicy::Reject},
           ""}};
}

void say(FakeReviewer& reviewer, std::uint64_t job, const Opinions& opinions) {
  reviewer.say(ipc::Reviewed{job, ipc::pack(opinions)});
}
void agrees(FakeReviewer& reviewer, const ipc::Judge& job) {
  say(reviewer, job.job, opinions(Outcome::Same, Outcome::NotAsked));
}
void silent(FakeReviewer&, const ipc::Judge&) {}
void deadly(FakeReviewer& reviewer, const ipc::Judge&) { reviewer.die(); }

class Stage {
 public:
  explicit Stage(const OpinionLimits& limits = {})
      : client(
            loop, [this](Counter counter) { ++counts[counter]; }, limits) {
    client.on_lost([this] { changes.emplace_back("lost"); });
    client.on_stuck([this] { changes.emplace_back("stuck"); });
  }

  FakeReviewer& add(FakeReviewer::Behaviour behaviour) {
    auto ends = ipc::Channel::make_pair();
    REQUIRE(ends.ok());
    client.connect(std::move(ends->first));
    return reviewers.emplace_back(loop, std::move(ends->second), std::move(behaviour));
  }

  void review(std::size_t helo_bytes = 10) {
    auth::Facts facts;
    facts.session.helo.assign(helo_bytes, 'x');
    dns::AnswerTable answers;
    answers.add({"example.org", dns::Type::Mx}, dns::Answer::of(dns::Status::NoName));
    auth::Verdicts verdicts;
    verdicts.dmarc.author_domain = "example.net";
    client.review(facts, verdicts, answers);
  }

  // Turns the loop until so many results are counted; not for ever.
  void until_counted(int results) {
    until([&] { return counted() >= results; });
  }
  void until(const std::function<bool()>& condition) {
    const base::Instant patience = base::now() + std::chrono::seconds(20);
    const auto watch = loop.every(milliseconds(1), [&] {
      if (condition() || base::now() > patience) loop.stop();
    });
    loop.run();
    REQUIRE(condition());
  }
  int counted() const {
    int sum = 0;
    for (const auto& [counter, count] : counts) sum += count;
    return sum;
  }
  int same() { return counts[Counter::second_opinion_same]; }
  int different() { return counts[Counter::second_opinion_different]; }
  int not_asked() { return counts[Counter::second_opinion_not_asked]; }

  net::EventLoop loop;
  OpinionClient client;
  std::list<FakeReviewer> reviewers;
  std::map<Counter, int> counts;
  std::vector<std::string> changes;
};

}  // namespace

TEST_CASE("opinion client: what is said is counted, each for itself") {
  Stage stage;
  const FakeReviewer& reviewer = stage.add(agrees);
  stage.review();
  stage.until_counted(kResults);
  CHECK(stage.same() == 1);
  CHECK(stage.not_asked() == 2);
  REQUIRE(reviewer.jobs.size() == 1);
  CHECK(reviewer.jobs[0].answers.size() == 1);
  const auto facts = ipc::unpack<auth::Facts>(reviewer.jobs[0].facts);
  REQUIRE(facts);
  CHECK(facts->session.helo == "xxxxxxxxxx");
  const auto verdicts = ipc::unpack<auth::Verdicts>(reviewer.jobs[0].verdicts);
  REQUIRE(verdicts);
  CHECK(verdicts->dmarc.author_domain == "example.net");
  CHECK(stage.changes.empty());
}

TEST_CASE("opinion client: a disagreement is counted") {
  Stage stage;
  stage.add([](auto& reviewer, auto& job) {
    say(reviewer, job.job, opinions(Outcome::Different, Outcome::Same, Outcome::Different));
  });
  stage.review();
  stage.until_counted(kResults);
  CHECK(stage.different() == 2);
  CHECK(stage.same() == 1);
}

TEST_CASE("opinion client: one at a time, in their order, whenever there is a reviewer") {
  Stage stage;
  for (std::size_t i = 1; i <= 3; ++i) stage.review(i);
  CHECK(stage.counted() == 0);
  bool busy = false;
  const FakeReviewer& reviewer = stage.add([&](FakeReviewer& self, const ipc::Judge& job) {
    CHECK_FALSE(std::exchange(busy, true));
    stage.loop.post([&self, &busy, number = job.job] {
      busy = false;
      say(self, number, opinions(Outcome::Same, Outcome::NotAsked));
    });
  });
  stage.until_counted(3 * kResults);
  REQUIRE(reviewer.jobs.size() == 3);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(ipc::unpack<auth::Facts>(reviewer.jobs[i].facts)->session.helo.size() == i + 1);
}

TEST_CASE("opinion client: what does not fit is only counted") {
  OpinionLimits limits;
  limits.jobs = 2;
  limits.job_bytes = 1000;
  Stage stage(limits);
  stage.review(1000);
  CHECK(stage.not_asked() == kResults);
  for (int i = 0; i < 3; ++i) stage.review();
  CHECK(stage.not_asked() == 2 * kResults);
  stage.add(agrees);
  stage.until_counted(4 * kResults);
  CHECK(stage.same() == 2);
}

TEST_CASE("opinion client: a death costs the opinion that it worked on, and no other") {
  Stage stage;
  stage.add(deadly);
  stage.review();
  stage.review();
  stage.until([&] { return !stage.changes.empty(); });
  CHECK(stage.changes == std::vector<std::string>{"lost"});
  CHECK(stage.not_asked() == kResults);
  stage.add(agrees);
  stage.until_counted(2 * kResults);
  CHECK(stage.same() == 1);
}

TEST_CASE("opinion client: a new channel gives up what the old one had in hand") {
  Stage stage;
  FakeReviewer& old = stage.add(silent);
  stage.review();
  stage.until([&] { return old.jobs.size() == 1; });
  const FakeReviewer& next = stage.add(agrees);
  stage.review();
  stage.until_counted(2 * kResults);
  CHECK(next.jobs.size() == 1);
  CHECK(stage.same() == 1);
  CHECK(stage.changes.empty());
}

TEST_CASE("opinion client: who works for too long is to be replaced") {
  OpinionLimits limits;
  limits.work = milliseconds(100);
  Stage stage(limits);
  stage.add(silent);
  stage.review();
  stage.until([&] { return !stage.changes.empty(); });
  CHECK(stage.changes == std::vector<std::string>{"stuck"});
  CHECK(stage.not_asked() == kResults);
  stage.review();  // waits
  stage.add(agrees);
  stage.until_counted(2 * kResults);
  CHECK(stage.same() == 1);
}

TEST_CASE("opinion client: who says what it may not is left") {
  for (const FakeReviewer::Behaviour& crime : std::vector<FakeReviewer::Behaviour>{
           [](auto&reviewer, auto&job) { say(reviewer, job.job + 1, {}); },
           [](auto&reviewer, auto&job) {
             reviewer.say(ipc::Reviewed{job.job, "damaged"});
           },
           [](auto&reviewer, auto&job) {
             reviewer.say(ipc::Judged{job.job, ""});
           },
           [](auto&reviewer, auto&job) {
             agrees(reviewer, job);
             agrees(reviewer, job);
           },
       }) {
    Stage stage;
    stage.add(crime);
    stage.review();
    stage.until([&] { return !stage.changes.empty(); });
    CHECK(stage.changes == std::vector<std::string>{"lost"});
    CHECK(stage.counted() == kResults);
  }
}
