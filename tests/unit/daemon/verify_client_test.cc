// SPDX-License-Identifier: Apache-2.0
// The way to verdicts, over verifiers that do as they should and verifiers that do not.
#include "daemon/common/verify_client.h"

#include <catch2/catch.hpp>
#include <list>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/common/payer.h"
#include "dns/answer_text.h"
#include "ipc/channel.h"

using auth::SpfResult;
using common::VerifyClient, common::VerifyLimits;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kLong{60000};

// Answers with a zone's answers in the next turn of the loop, or keeps the questions.
class FakeResolver final : public dns::Resolver {
 public:
  explicit FakeResolver(net::EventLoop& loop) : loop_(loop) {}

  void resolve(const dns::Question& question, dns::Payer payer, Done done) override {
    asked.push_back(question);
    payers.insert(payer);
    if (silent) return kept.push_back(std::move(done));
    const dns::Answer* answer = zone.find(question);
    const auto value = answer != nullptr ? *answer : dns::Answer::of(dns::Status::NoName);
    loop_.post([value, done = std::move(done)] { done(value); });
  }

  dns::AnswerTable zone;
  bool silent = false;
  std::vector<dns::Question> asked;
  std::set<dns::Payer> payers;
  std::vector<Done> kept;

 private:
  net::EventLoop& loop_;
};

// The other end of a channel.
class FakeVerifier {
 public:
  using Behaviour = std::function<void(FakeVerifier&, const ipc::Judge&)>;

  FakeVerifier(net::EventLoop& loop, base::UniqueFd fd, Behaviour behaviour)
      : behaves(std::move(behaviour)),
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
  Behaviour behaves;
  std::vector<ipc::Judge> jobs;

 private:
  void on_readable() {
    const auto open = channel_.receive();
    for (auto message = channel_.next(); message && *message; message = channel_.next()) {
      const auto job = ipc::unpack<ipc::Judge>((*message)->body);
      REQUIRE(job);
      jobs.push_back(*job);
      behaves(*this, *job);
    }
    if (!open || !*open) readable_->pause();
  }

  ipc::Channel channel_;
  std::unique_ptr<net::EventLoop::Watch> readable_;
};

auth::Facts facts_in(const ipc::Judge& job) {
  const auto facts = ipc::unpack<auth::Facts>(job.facts);
  REQUIRE(facts);
  return *facts;
}

void honest(FakeVerifier& verifier, const ipc::Judge& job) {
  auto result = auth::verify(facts_in(job), dns::AnswerTable(job.answers));
  if (auto* need = std::get_if<auth::Need>(&result))
    return verifier.say(ipc::Need{job.job, need->questions});
  verifier.say(ipc::Judged{job.job, ipc::pack(std::get<auth::Verdicts>(result))});
}
void silent(FakeVerifier&, const ipc::Judge&) {}
void deadly(FakeVerifier& verifier, const ipc::Judge&) { verifier.die(); }

ipc::Need need(const ipc::Judge& job, const std::string& name) {
  return {job.job, {{name, dns::Type::A}}};
}

auth::SessionFacts facts() {
  auth::SessionFacts facts;
  facts.client = *base::IpAddress::parse("192.0.2.1");
  facts.helo = "helo.example";
  facts.mail_from = mail::parse_mailbox("user@example.org");
  facts.receiver = "mx.ours.test";
  return facts;
}

constexpr ipc::RoleId kFirst{ipc::Role::Verify, 0};
constexpr ipc::RoleId kSecond{ipc::Role::Verify, 1};

class Stage {
 public:
  explicit Stage(const VerifyLimits& limits = {}) : client(loop, resolver, limits) {
    auto zone = dns::from_text(
        "example.org TXT unknown records \"v=spf1 include:a.example -all\"\n"
        "a.example TXT unknown records \"v=spf1 ip4:192.0.2.0/24 -all\"\n");
    REQUIRE(zone.ok());
    resolver.zone = *zone;
    client.on_lost([this](const ipc::RoleId& id) { changes.push_back("lost " + name_of(id)); });
    client.on_stuck([this](const ipc::RoleId& id) { changes.push_back("stuck " + name_of(id)); });
  }

  FakeVerifier& add(FakeVerifier::Behaviour behaviour, const ipc::RoleId& id = kFirst) {
    auto ends = ipc::Channel::make_pair();
    REQUIRE(ends.ok());
    client.connect(id, std::move(ends->first));
    return verifiers.emplace_back(loop, std::move(ends->second), std::move(behaviour));
  }

  std::uint64_t begin(milliseconds time = kLong) {
    const std::uint64_t job = client.next_job();
    client.verify(job, facts(), time, [this, job](const VerifyClient::Outcome& outcome) {
      CHECK(outcomes.emplace(job, outcome).second);  // once
    });
    return job;
  }

  // Turns the loop until `condition` holds; not for ever.
  void until(const std::function<bool()>& condition) {
    const base::Instant patience = base::now() + std::chrono::seconds(20);
    const auto watch = loop.every(milliseconds(1), [&] {
      if (condition() || base::now() > patience) loop.stop();
    });
    loop.run();
    REQUIRE(condition());
  }

  // "pass", or the error.
  std::string finish(std::uint64_t job) {
    until([&] { return outcomes.contains(job); });
    const VerifyClient::Outcome& outcome = outcomes.at(job);
    return outcome ? auth::name_of(outcome->spf.mailfrom.result) : outcome.error().reason;
  }
  std::string judged(milliseconds time = kLong) { return finish(begin(time)); }
  void turn() {
    bool turned = false;
    loop.post([&] { turned = true; });
    until([&] { return turned; });
  }

  net::EventLoop loop;
  FakeResolver resolver{loop};
  VerifyClient client;
  std::list<FakeVerifier> verifiers;
  std::map<std::uint64_t, VerifyClient::Outcome> outcomes;
  std::vector<std::string> changes;
};

}  // namespace

TEST_CASE("verify client: questions are asked and answered until there are verdicts") {
  Stage stage;
  const FakeVerifier& verifier = stage.add(honest);
  CHECK(stage.judged() == "pass");
  REQUIRE(verifier.jobs.size() == 3);
  CHECK(verifier.jobs[0].answers.empty());
  CHECK(verifier.jobs[1].answers.size() == 4);  // MX, two TXT, PTR
  CHECK(verifier.jobs[2].answers.size() == 5);
  CHECK(stage.resolver.asked.size() == 5);
  CHECK(stage.resolver.payers == std::set{common::payer_of(facts().client)});
  CHECK(facts_in(verifier.jobs[2]).session == facts());
  CHECK(stage.changes.empty());
}

TEST_CASE("verify client: a verifier works on one job, the others wait or go to another") {
  Stage stage;
  FakeVerifier& busy = stage.add(silent);
  const auto first = stage.begin();
  stage.until([&] { return busy.jobs.size() == 1; });
  const auto second = stage.begin();
  stage.turn();
  CHECK(busy.jobs.size() == 1);
  stage.add(honest, kSecond);
  CHECK(stage.finish(second) == "pass");
  busy.behaves = honest;
  honest(busy, busy.jobs[0]);
  CHECK(stage.finish(first) == "pass");
}

TEST_CASE("verify client: who waits for a verifier is taken when the first is there") {
  Stage stage;
  const auto job = stage.begin();
  stage.turn();
  stage.add(honest);
  CHECK(stage.finish(job) == "pass");
}

TEST_CASE("verify client: a verifier's death costs its message, and no other") {
  Stage stage;
  stage.add(deadly);
  const auto first = stage.begin();
  const auto second = stage.begin();
  CHECK(stage.finish(first) == "verify.1: the other process has ended");
  CHECK(stage.changes == std::vector<std::string>{"lost verify.1"});
  stage.add(honest);
  CHECK(stage.finish(second) == "pass");
}

TEST_CASE("verify client: a new channel fails what the old one had in hand") {
  Stage stage;
  FakeVerifier& old = stage.add(silent);
  const auto job = stage.begin();
  stage.until([&] { return old.jobs.size() == 1; });
  stage.add(honest);
  CHECK(stage.finish(job) == "verify.1: was replaced");
  CHECK(stage.changes.empty());
  CHECK(stage.judged() == "pass");
}

TEST_CASE("verify client: a verifier that works for too long is to be replaced") {
  VerifyLimits limits;
  limits.work = milliseconds(100);
  Stage stage(limits);
  stage.add(silent);
  stage.add(honest, kSecond);
  const auto first = stage.begin();
  const auto second = stage.begin();
  CHECK(stage.finish(second) == "pass");
  CHECK(stage.finish(first) == "verify.1: did not end its work in time");
  CHECK(stage.changes == std::vector<std::string>{"stuck verify.1"});
  CHECK(stage.judged() == "pass");
}

TEST_CASE("verify client: what nobody answers is judged as it is at the deadline") {
  Stage stage;
  const FakeVerifier& verifier = stage.add(honest);
  stage.resolver.silent = true;
  CHECK(stage.judged(milliseconds(150)) == "temperror");
  REQUIRE(verifier.jobs.size() == 2);
  CHECK(facts_in(verifier.jobs[1]).cutoff == auth::Cutoff::Deadline);
  CHECK(stage.outcomes.at(1)->spf.mailfrom.reason ==
        "the checks were not done within auth.deadline");
  // They come late, and to nobody.
  for (const auto& done : stage.resolver.kept) done(dns::Answer::of(dns::Status::NoData));
  stage.turn();
  CHECK(verifier.jobs.size() == 2);
}

TEST_CASE("verify client: a deadline that passes in the queue still gives verdicts") {
  Stage stage;
  const auto job = stage.begin(milliseconds(1));
  stage.until([late = base::now() + milliseconds(120)] { return base::now() > late; });
  stage.add(honest);
  CHECK(stage.finish(job) == "temperror");
  CHECK(stage.resolver.asked.empty());
}

TEST_CASE("verify client: without a verifier there is an end too") {
  VerifyLimits limits;
  limits.queue = milliseconds(50);
  Stage stage(limits);
  CHECK(stage.judged(milliseconds(50)) == "no verifier became free in time");
}

TEST_CASE("verify client: rounds without an end are cut off") {
  Stage stage;
  int names = 0;
  const FakeVerifier& verifier = stage.add([&](FakeVerifier& self, const ipc::Judge& job) {
    if (facts_in(job).cutoff != auth::Cutoff::None) return honest(self, job);
    self.say(need(job, "n" + std::to_string(++names) + ".example"));
  });
  CHECK(stage.judged() == "temperror");
  CHECK(stage.resolver.asked.size() == auth::kMaxRounds);
  CHECK(verifier.jobs.size() == auth::kMaxRounds + 2);  // the one that asked once too often
  CHECK(facts_in(verifier.jobs.back()).cutoff == auth::Cutoff::Rounds);
}

TEST_CASE("verify client: a verifier that says what it may not is left") {
  std::vector<dns::Question> many;
  for (std::size_t i = 0; i <= auth::kMaxLookups; ++i)
    many.push_back({"n" + std::to_string(i) + ".example", dns::Type::A});
  const std::pair<const char*, FakeVerifier::Behaviour> crimes[] = {
      {"another job",
       [](auto& self, auto& job) {
         self.say(need({job.job + 1, {}, {}}, "a.x"));
       }},
      {"no job", [](auto& self, auto&) { self.say(ipc::Judged{}); }},
      {"no question",
       [](auto& self, auto& job) {
         self.say(ipc::Need{job.job, {}});
       }},
      {"no name", [](auto& self, auto& job) { self.say(need(job, "A..Example")); }},
      {"capitals", [](auto& self, auto& job) { self.say(need(job, "A.Example")); }},
      {"again", [](auto& self, auto& job) { self.say(need(job, "a.example")); }},
      {"too many",
       [&](auto& self, auto& job) {
         self.say(ipc::Need{job.job, many});
       }},
      {"verdicts",
       [](auto& self, auto& job) {
         self.say(ipc::Judged{job.job, "damaged"});
       }},
  };
  for (const auto& [name, crime] : crimes) {
    INFO(name);
    Stage stage;
    stage.add(crime);
    CHECK(stage.judged() == "verify.1: said what it may not");
    CHECK(stage.changes == std::vector<std::string>{"lost verify.1"});
    for (const dns::Question& question : stage.resolver.asked) CHECK(question.name == "a.example");
  }
}

TEST_CASE("verify client: a cancelled job has no outcome, wherever it is") {
  Stage stage;
  const auto queued = stage.begin();
  stage.client.cancel(queued);
  stage.turn();

  FakeVerifier& verifier = stage.add(silent);
  const auto working = stage.begin();
  stage.until([&] { return verifier.jobs.size() == 1; });
  stage.client.cancel(working);
  stage.turn();
  stage.resolver.silent = true;
  const auto asking = stage.begin();
  honest(verifier, verifier.jobs[0]);  // which makes it free
  stage.until([&] { return verifier.jobs.size() == 2; });
  honest(verifier, verifier.jobs[1]);
  stage.until([&] { return stage.resolver.asked.size() == 4; });
  stage.client.cancel(asking);
  stage.turn();
  for (const auto& done : stage.resolver.kept) done(dns::Answer::of(dns::Status::NoName));
  stage.turn();
  CHECK(verifier.jobs.size() == 2);
  CHECK(stage.outcomes.empty());
  CHECK(stage.changes.empty());
}

TEST_CASE("verify client: jobs are counted, and those beyond the limit told at once") {
  VerifyLimits limits;
  limits.jobs = 2;
  Stage stage(limits);
  const auto first = stage.begin();
  stage.begin();
  CHECK(stage.judged() == "too many messages are being verified");
  stage.client.cancel(first);
  stage.add(honest);
  CHECK(stage.judged() == "pass");
}

TEST_CASE("verify client: answers beyond their memory are failures") {
  for (const bool of_all : {false, true}) {
    VerifyLimits limits;
    (of_all ? limits.all_answer_bytes : limits.answer_bytes) = 2000;
    Stage stage(limits);
    stage.add(honest);
    CHECK(stage.judged() == "pass");
    dns::Answer large = dns::Answer::of(dns::Status::Records);
    large.texts = {"v=spf1 -all", std::string(2000, 'x')};
    stage.resolver.zone = {};
    stage.resolver.zone.add({"example.org", dns::Type::Txt}, large);
    const auto job = stage.begin();
    CHECK(stage.finish(job) == "temperror");
    CHECK(stage.outcomes.at(job)->spf.mailfrom.reason ==
          "example.org TXT: the answers to the checks take too much memory");
    stage.resolver.zone = {};
    CHECK(stage.judged() == "none");  // what one has used is given back
  }
}

TEST_CASE("verify client: called from other threads") {
  Stage stage;
  stage.add(honest);
  stage.add(honest, kSecond);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 25; ++n) {
        const auto job = stage.begin();
        if (n % 5 == 4) stage.client.cancel(job);
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(stage.judged() == "pass");
  stage.until([&] { return stage.outcomes.size() >= 81; });
}
