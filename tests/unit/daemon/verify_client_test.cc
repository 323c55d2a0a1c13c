// SPDX-License-Identifier: Apache-2.0
// The way to verdicts, over verifiers that do as they should and verifiers that do not.
#include "daemon/common/verify_client.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/common/payer.h"
#include "daemon/common/sealed_memory.h"
#include "dns/answer_text.h"
#include "ipc/channel.h"
#include "support/auth_message.h"

using auth::SpfResult;
using common::VerifyClient, common::VerifyLimits;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kLong{60000};
constexpr milliseconds kShort{1000};  // passes, but not while a busy machine does the rest

// Answers with a zone's answers in the next turn of the loop, or keeps the questions; those about a
// name that is held, until it is let go.
class FakeResolver final : public dns::Resolver {
 public:
  explicit FakeResolver(net::EventLoop& loop) : loop_(loop) {}

  void resolve(const dns::Question& question, dns::Payer payer, Done done) override {
    asked.push_back(question);
    payers.insert(payer);
    if (silent) return kept.push_back(std::move(done));
    const dns::Answer* answer = zone.find(question);
    const auto value = answer != nullptr ? *answer : dns::Answer::of(dns::Status::NoName);
    auto say = [value, done = std::move(done)] { done(value); };
    if (const auto row = held.find(question.name); row != held.end())
      row->second.push_back(std::move(say));
    else
      loop_.post(std::move(say));
  }
  void hold(const std::string& name) { held[name]; }
  void let_go(const std::string& name) {
    auto row = held.extract(name);
    for (auto& say : row.mapped()) loop_.post(std::move(say));
  }
  auto times_asked(const std::string& name) const {
    return std::ranges::count(asked, name, &dns::Question::name);
  }

  dns::AnswerTable zone;
  bool silent = false;
  std::vector<dns::Question> asked;
  std::set<dns::Payer> payers;
  std::vector<Done> kept;
  std::map<std::string, std::vector<std::function<void()>>> held;

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
  std::vector<std::vector<std::string>> pieces;  // that came with each

 private:
  void on_readable() {
    const auto open = channel_.receive();
    for (auto message = channel_.next(); message && *message; message = channel_.next()) {
      if ((*message)->type == ipc::Type::Attach) {
        const auto text = common::read_sealed_memory((*message)->fd->get());
        REQUIRE(text);
        attached.push_back(*text);
        continue;
      }
      const auto job = ipc::unpack<ipc::Judge>((*message)->body);
      REQUIRE(job);
      jobs.push_back(*job);
      pieces.push_back(std::exchange(attached, {}));
      behaves(*this, *job);
    }
    if (!open || !*open) readable_->pause();
  }

  std::vector<std::string> attached;
  ipc::Channel channel_;
  std::unique_ptr<net::EventLoop::Watch> readable_;
};

auth::Facts facts_in(const ipc::Judge& job) {
  const auto facts = ipc::unpack<auth::Facts>(job.facts);
  REQUIRE(facts);
  return *facts;
}

// With what of the message came along the last time that it was sent the job.
void honest(FakeVerifier& verifier, const ipc::Judge& job) {
  std::size_t last = verifier.jobs.size();
  do {
    --last;
  } while (verifier.jobs.at(last).job != job.job);
  const auto& pieces = verifier.pieces.at(last);
  const std::string text = pieces.empty() ? "" : pieces[0];
  const mail::HeaderFields header(text);
  const std::string rest = pieces.size() < 2 ? "" : pieces[1];
  auth::TextBody body(rest);
  auto result = auth::verify(
      facts_in(job), {pieces.empty() ? nullptr : &header, pieces.size() < 2 ? nullptr : &body},
      dns::AnswerTable(job.answers), {{job.open.begin(), job.open.end()}, job.lost, job.of_message},
      support::auth_libraries());
  if (auto* need = std::get_if<auth::Need>(&result))
    return verifier.say(ipc::Need{job.job, need->questions, need->of_sender, need->of_message});
  verifier.say(ipc::Judged{job.job, ipc::pack(std::get<auth::Verdicts>(result))});
}
void silent(FakeVerifier&, const ipc::Judge&) {}
void deadly(FakeVerifier& verifier, const ipc::Judge&) { verifier.die(); }

ipc::Need need(const ipc::Judge& job, const std::string& name, std::uint32_t of_sender = 0,
               std::uint32_t of_message = 0) {
  return {job.job, {{name, dns::Type::A}}, of_sender, of_message};
}

// As the answer to a TXT question.
dns::Answer large_record(const std::string& terms, std::size_t bytes = 2000) {
  dns::Answer answer = dns::Answer::of(dns::Status::Records);
  answer.texts = {"v=spf1 " + terms, std::string(bytes, 'x')};
  return answer;
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

  // Of a message that is there already.
  std::uint64_t begin(milliseconds time = kLong) {
    const std::uint64_t job = begin_without_message(time);
    add_message(job, support::kAnonymous);
    return job;
  }
  std::uint64_t begin_without_message(milliseconds time = kLong) {
    const std::uint64_t job = client.next_job();
    auth::Settings settings;
    settings.deadline = time;
    client.verify(job, facts(), settings, [this, job](const VerifyClient::Outcome& outcome) {
      CHECK(outcomes.emplace(job, outcome).second);  // once
    });
    return job;
  }
  void add_header(std::uint64_t job, const std::string& header) {
    client.add_header(job, piece(header));
  }
  void add_body(std::uint64_t job, const std::string& body) { client.add_body(job, {piece(body)}); }
  void add_message(std::uint64_t job, const std::string& text) {
    const std::size_t header = mail::HeaderFields(text).size_with_empty_line();
    add_header(job, text.substr(0, header));
    add_body(job, text.substr(header));
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
  static common::MessagePiece piece(const std::string& bytes) {
    auto fd = common::sealed_memory("test", bytes);
    REQUIRE(fd.ok());
    return {base::share(std::move(*fd)), 0, bytes.size()};
  }
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
  REQUIRE(verifier.jobs.size() == 4);
  CHECK(verifier.jobs[0].answers.empty());
  CHECK(verifier.pieces[0].empty());
  for (const std::size_t i : {1u, 2u}) {
    CHECK(verifier.jobs[i].answers.size() + verifier.jobs[i].open.size() == 4);  // MX, 2 TXT, PTR
    CHECK(verifier.pieces[i].size() == 2);
  }
  CHECK(verifier.jobs[3].answers.size() == 5);
  CHECK(stage.resolver.asked.size() == 5);
  CHECK(stage.resolver.payers == std::set{common::payer_of(facts().client)});
  CHECK(facts_in(verifier.jobs[3]).session == facts());
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
  limits.work = kShort;
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
  CHECK(stage.judged(kShort) == "temperror");
  REQUIRE(verifier.jobs.size() == 3);
  CHECK(facts_in(verifier.jobs[2]).sender == auth::Cutoff::Deadline);
  CHECK(stage.outcomes.at(1)->spf.mailfrom.reason ==
        "the checks were not done within auth.deadline");
  // They come late, and to nobody.
  for (const auto& done : stage.resolver.kept) done(dns::Answer::of(dns::Status::NoData));
  stage.turn();
  CHECK(verifier.jobs.size() == 3);
}

TEST_CASE("verify client: a deadline that passes in the queue still gives verdicts") {
  Stage stage;
  const auto job = stage.begin(milliseconds(1));
  stage.until([late = base::now() + milliseconds(120)] { return base::now() > late; });
  stage.add(honest);
  CHECK(stage.finish(job) == "temperror");
  CHECK(stage.resolver.asked.empty());
}

TEST_CASE("verify client: nothing is asked behind a cutoff, whoever wants to") {
  for (const std::uint32_t of_sender : {0u, 1u}) {
    Stage stage;
    const auto job = stage.begin(milliseconds(1));
    stage.until([late = base::now() + milliseconds(20)] { return base::now() > late; });
    stage.add([&](auto& self, auto& judge) { self.say(need(judge, "a.example", of_sender)); });
    CHECK(stage.finish(job) == "verify.1: said what it may not");
    CHECK(stage.resolver.asked.empty());
  }
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
    const auth::Facts its = facts_in(job);
    if (its.client != auth::Cutoff::None) return honest(self, job);
    const std::uint32_t of_sender = its.sender == auth::Cutoff::None ? 1 : 0;
    self.say(need(job, "n" + std::to_string(++names) + ".example", of_sender));
  });
  CHECK(stage.judged() == "temperror");
  // Those of the sender's domain and those of the client alone; each asked once too often.
  CHECK(stage.resolver.asked.size() == 2 * auth::kMaxRounds);
  CHECK(verifier.jobs.size() == 2 * auth::kMaxRounds + 3);
  CHECK(facts_in(verifier.jobs[auth::kMaxRounds]).sender == auth::Cutoff::None);
  CHECK(facts_in(verifier.jobs[auth::kMaxRounds + 1]).sender == auth::Cutoff::Rounds);
  CHECK(facts_in(verifier.jobs[auth::kMaxRounds + 1]).client == auth::Cutoff::None);
  CHECK(facts_in(verifier.jobs.back()).client == auth::Cutoff::Rounds);
}

TEST_CASE("verify client: a crash is told with the client whose job it was") {
  // What becomes of the job before it is known that the verifier crashed.
  for (const std::string what : {"works", "channel ends", "cancelled", "no job", "done"}) {
    INFO(what);
    Stage stage;
    std::vector<std::string> told;
    stage.client.on_crashed([&](const base::IpAddress& client, const ipc::RoleId& id) {
      told.push_back(client.to_string() + ' ' + name_of(id));
    });
    FakeVerifier& verifier = stage.add(what == "done" ? honest : silent);
    if (what != "no job") {
      const auto job = stage.begin();
      stage.until([&] { return !verifier.jobs.empty(); });
      if (what == "channel ends") verifier.die();
      if (what == "channel ends" || what == "done") stage.finish(job);
      if (what == "cancelled") stage.client.cancel(job);
      stage.turn();
    }
    for (int i = 0; i < 2; ++i) stage.client.crashed(kFirst);
    CHECK(told.size() == (what == "no job" || what == "done" ? 0 : 1));
    for (const std::string& line : told) CHECK(line == "192.0.2.1 verify.1");
  }
}

TEST_CASE("verify client: a verifier that says what it may not is left") {
  std::vector<dns::Question> many;
  for (std::size_t i = 0; i <= auth::kMaxLookups; ++i)
    many.push_back({"n" + std::to_string(i) + ".example", dns::Type::A});
  const std::pair<const char*, FakeVerifier::Behaviour> crimes[] = {
      {"another job",
       [](auto& self, auto& job) {
         self.say(need({job.job + 1, {}, {}, {}, 0, 0, {}}, "a.x"));
       }},
      {"no job", [](auto& self, auto&) { self.say(ipc::Judged{}); }},
      {"no question",
       [](auto& self, auto& job) {
         self.say(ipc::Need{job.job, {}, 0, 0});
       }},
      {"no name", [](auto& self, auto& job) { self.say(need(job, "A..Example")); }},
      {"capitals", [](auto& self, auto& job) { self.say(need(job, "A.Example")); }},
      {"again", [](auto& self, auto& job) { self.say(need(job, "a.example")); }},
      {"too many",
       [&](auto& self, auto& job) {
         self.say(ipc::Need{job.job, many, 0, 0});
       }},
      {"more of the sender than there are",
       [](auto& self, auto& job) { self.say(need(job, "a.example", 2)); }},
      {"verdicts",
       [](auto& self, auto& job) {
         self.say(ipc::Judged{job.job, "damaged"});
       }},
      {"lines of a header in a reason",
       [](auto& self, auto& job) {
         if (self.pieces.back().size() < 2) return self.say(ipc::Need{job.job, {}, 0, 0});
         auth::Verdicts verdicts;
         verdicts.dmarc.reason = "x\r\nBcc: y";
         self.say(ipc::Judged{job.job, ipc::pack(verdicts)});
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

TEST_CASE("verify client: a slow helo does not hold the sender's domain") {
  Stage stage;
  const FakeVerifier& verifier = stage.add(honest);
  stage.resolver.hold("helo.example");
  const auto job = stage.begin(kShort);
  stage.until([&] { return verifier.jobs.size() == 4; });
  const dns::Question helo{"helo.example", dns::Type::Txt};
  CHECK(std::ranges::count(verifier.jobs[2].open, helo) == 1);
  CHECK(verifier.jobs[3].open == std::vector{helo});
  CHECK(stage.finish(job) == "pass");
  const auto& verdicts = *stage.outcomes.at(job);
  CHECK(verdicts.spf.helo.result == SpfResult::TempError);
  CHECK(verdicts.spf.helo.reason == "the checks were not done within auth.deadline");
  CHECK(verdicts.iprev.result == auth::IprevResult::PermError);
  CHECK(stage.resolver.times_asked("helo.example") == 1);
  CHECK(verifier.jobs.size() == 5);
}

TEST_CASE("verify client: neither the sender's domain nor the message is held by the other") {
  const auto judge = [](const std::string& held) {
    Stage stage;
    stage.add(honest);
    stage.resolver.hold(held);
    const auto job = stage.begin_without_message(kShort);
    // What DMARC says of a subdomain depends on whether there is one, which is a second round.
    stage.add_message(job, "From: a@sub.author.test\r\n\r\nHello\r\n");
    stage.resolver.zone.add({"_dmarc.author.test", dns::Type::Txt}, [] {
      auto policy = dns::Answer::of(dns::Status::Records);
      policy.texts = {"v=DMARC1; p=none; np=reject"};
      return policy;
    }());
    stage.finish(job);
    const auto& verdicts = *stage.outcomes.at(job);
    return std::pair{verdicts.spf.mailfrom.result, verdicts.dmarc.result};
  };
  using auth::DmarcResult;
  CHECK(judge("a.example") == std::pair{SpfResult::TempError, DmarcResult::Fail});
  CHECK(judge("_dmarc.author.test") == std::pair{SpfResult::Pass, DmarcResult::TempError});
  CHECK(judge("elsewhere.test") == std::pair{SpfResult::Pass, DmarcResult::Fail});
}

TEST_CASE("verify client: a late answer of the client counts, and nothing is asked twice") {
  Stage stage;
  const FakeVerifier& verifier = stage.add(honest);
  stage.resolver.hold("helo.example");
  const auto job = stage.begin();
  stage.until([&] { return verifier.jobs.size() == 4; });
  stage.resolver.let_go("helo.example");
  CHECK(stage.finish(job) == "pass");
  CHECK(stage.outcomes.at(job)->spf.helo.result == SpfResult::None);
  CHECK(stage.resolver.asked.size() == 5);
  CHECK(verifier.jobs.size() == 5);
}

TEST_CASE("verify client: an answer that comes while a verifier works goes along the next time") {
  Stage stage;
  FakeVerifier& verifier = stage.add(honest);
  stage.resolver.hold("helo.example");
  stage.resolver.hold("a.example");
  const auto job = stage.begin();
  stage.until([&] { return stage.resolver.times_asked("a.example") == 1; });
  verifier.behaves = silent;
  stage.resolver.let_go("a.example");
  stage.until([&] { return verifier.jobs.size() == 4; });
  stage.resolver.let_go("helo.example");
  stage.turn();
  verifier.behaves = honest;
  honest(verifier, verifier.jobs[3]);  // which knows helo as open, and needs it
  CHECK(stage.finish(job) == "pass");
  CHECK(stage.outcomes.at(job)->spf.helo.result == SpfResult::None);
  CHECK(verifier.jobs.size() == 5);
  CHECK(stage.resolver.asked.size() == 5);
}

TEST_CASE("verify client: an answer that is too large is a failure of its name only") {
  Stage stage;
  stage.add(honest);
  const auto with = [&](std::size_t bytes) {
    dns::Answer answer = dns::Answer::of(dns::Status::Records);
    answer.texts = {"v=spf1 -all", ""};
    const dns::Entry entry{{"example.org", dns::Type::Txt}, answer};
    answer.texts[1].assign(bytes - ipc::pack(dns::Entry(entry)).size(), 'x');
    stage.resolver.zone = {};
    stage.resolver.zone.add(entry.question, answer);
    return stage.begin();
  };
  CHECK(stage.finish(with(common::most_bytes_of(dns::Type::Txt))) == "fail");
  const auto job = with(common::most_bytes_of(dns::Type::Txt) + 1);
  CHECK(stage.finish(job) == "temperror");
  const auto& verdicts = *stage.outcomes.at(job);
  CHECK(verdicts.spf.mailfrom.reason ==
        "example.org TXT: the answer is larger than the checks take");
  CHECK(verdicts.spf.helo.result == SpfResult::None);
  CHECK(verdicts.null_mx == auth::NullMx::No);
}

TEST_CASE("verify client: answers of the sender's domain beyond its memory are failures") {
  VerifyLimits limits;
  limits.sender_bytes = 2000;
  Stage stage(limits);
  stage.add(honest);
  stage.resolver.zone = {};
  stage.resolver.zone.add({"example.org", dns::Type::Txt}, large_record("-all"));
  const auto job = stage.begin();
  CHECK(stage.finish(job) == "temperror");
  CHECK(stage.outcomes.at(job)->spf.mailfrom.reason ==
        "the answers to the checks take too much memory");
  CHECK(stage.outcomes.at(job)->spf.helo.result == SpfResult::None);
}

TEST_CASE("verify client: what the sender's SPF asks for takes no policy from the author") {
  auto zone = dns::from_text(
      "example.org TXT unknown records \"v=spf1 include:large.test include:_dmarc.a.test -all\"\n"
      "_dmarc.a.test TXT unknown records \"v=DMARC1; p=reject\" \"v=spf1 -all\"\n");
  REQUIRE(zone.ok());
  zone->add({"large.test", dns::Type::Txt}, large_record("-all"));
  VerifyLimits limits;  // one octet too few
  limits.sender_bytes =
      ipc::pack(dns::Entry{{"example.org", dns::Type::Mx}, dns::Answer::of(dns::Status::NoName)})
          .size() -
      1;
  for (const dns::Entry& entry : zone->entries()) limits.sender_bytes += ipc::pack(entry).size();
  Stage stage(limits);
  stage.add(honest);
  stage.resolver.zone = *zone;
  const auto job = stage.begin_without_message();
  stage.until([&] { return stage.resolver.times_asked("_dmarc.a.test") == 1; });
  stage.turn();
  stage.add_message(job, "From: a@a.test\r\n\r\n");
  CHECK(stage.finish(job) == "fail");  // with the answer that the message has paid for
  CHECK(stage.outcomes.at(job)->dmarc.result == auth::DmarcResult::Fail);
  CHECK(stage.outcomes.at(job)->dmarc.published == auth::DmarcPolicy::Reject);
  CHECK(stage.resolver.times_asked("_dmarc.a.test") == 2);
}

TEST_CASE("verify client: what the client chose takes no memory from the sender's domain") {
  VerifyLimits limits;
  limits.client_bytes = 2000;
  Stage stage(limits);
  stage.add(honest);
  auto zone = dns::from_text(
      "example.org TXT unknown records \"v=spf1 include:a.example -all\"\n"
      "a.example TXT unknown records \"v=spf1 include:helo.example -all\"\n");
  REQUIRE(zone.ok());
  stage.resolver.zone = *zone;
  // The client asks for it first, and has no room for it; the sender's domain has.
  stage.resolver.zone.add({"helo.example", dns::Type::Txt}, large_record("ip4:192.0.2.0/24"));
  const auto job = stage.begin();
  CHECK(stage.finish(job) == "pass");
  CHECK(stage.outcomes.at(job)->spf.helo.result == SpfResult::Pass);
  CHECK(stage.resolver.times_asked("helo.example") == 2);

  // Then nothing of it is waited for either.
  stage.resolver.zone = {};
  stage.resolver.zone.add({"helo.example", dns::Type::Txt}, large_record("-all"));
  const auto cut = stage.begin();
  CHECK(stage.finish(cut) == "none");
  CHECK(stage.outcomes.at(cut)->spf.helo.reason ==
        "the answers to the checks take too much memory");
}

TEST_CASE("verify client: the job with the largest answers makes room for the others") {
  VerifyLimits limits;
  limits.all_answer_bytes = 3000;
  Stage stage(limits);
  const FakeVerifier& verifier = stage.add(honest);
  stage.resolver.zone.add({"helo.example", dns::Type::Txt}, large_record("include:slow.example"));
  stage.resolver.hold("slow.example");
  const auto large = stage.begin();
  stage.until([&] { return verifier.jobs.size() == 4; });
  stage.resolver.zone = {};
  stage.resolver.hold("a.example");
  stage.resolver.zone.add({"example.org", dns::Type::Txt}, large_record("include:a.example", 1000));
  const auto small = stage.begin();
  CHECK(stage.finish(large) == "the answers to the checks take too much memory");
  stage.resolver.let_go("a.example");
  CHECK(stage.finish(small) == "permerror");  // of its own record
  stage.resolver.zone = {};
  CHECK(stage.judged() == "none");  // what others have used is given back
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

TEST_CASE("verify client: a message that is yet to come is asked about in parts") {
  Stage stage;
  const FakeVerifier& verifier = stage.add(honest);
  auto zone = dns::from_text(support::kSignersZone);
  REQUIRE(zone.ok());
  stage.resolver.zone = *zone;
  const auto job = stage.begin_without_message();
  const auto has_all = [&](std::size_t answers) {
    return !verifier.jobs.empty() && verifier.jobs.back().answers.size() == answers;
  };
  stage.until([&] { return has_all(4); });
  stage.turn();
  CHECK(stage.outcomes.empty());
  CHECK(stage.resolver.times_asked("_dmarc.a.test") == 0);

  stage.add_header(job, support::kSignedHeader);
  stage.until([&] { return has_all(8); });
  stage.turn();
  const std::size_t rounds = verifier.jobs.size();
  CHECK(verifier.jobs.back().of_message == 4);
  CHECK(verifier.pieces.back() == std::vector<std::string>{support::kSignedHeader});
  CHECK(stage.outcomes.empty());

  stage.add_body(job, support::kSignedBody);
  CHECK(stage.finish(job) == "none");
  const auto& verdicts = *stage.outcomes.at(job);
  CHECK(verdicts.dmarc.result == auth::DmarcResult::Pass);
  CHECK(verifier.jobs.size() == rounds + 1);
  CHECK(stage.resolver.asked.size() == 8);
}

TEST_CASE("verify client: a client that is slow with its message leaves the checks their time") {
  Stage stage;
  stage.add(honest);
  auto zone = dns::from_text(support::kSignersZone);
  REQUIRE(zone.ok());
  stage.resolver.zone = *zone;
  const auto job = stage.begin_without_message(kShort);
  const auto pass_time = [&] {
    stage.until([late = base::now() + kShort * 1.1] { return base::now() > late; });
  };
  pass_time();
  stage.add_header(job, support::kSignedHeader);
  pass_time();
  stage.add_body(job, support::kSignedBody);
  CHECK(stage.finish(job) == "none");
  CHECK(stage.outcomes.at(job)->dmarc.result == auth::DmarcResult::Pass);
}

TEST_CASE("verify client: the time for the header's questions begins with the header") {
  Stage stage;
  stage.add(honest);
  stage.resolver.zone = {};
  stage.resolver.hold("_dmarc.a.test");
  const auto job = stage.begin_without_message(kShort);
  stage.until([late = base::now() + kShort * 1.1] { return base::now() > late; });
  stage.add_message(job, std::string(support::kSignedHeader) + support::kSignedBody);
  CHECK(stage.finish(job) == "none");
  const auto& verdicts = *stage.outcomes.at(job);
  CHECK(verdicts.dmarc.result == auth::DmarcResult::TempError);
  CHECK(verdicts.dmarc.reason.ends_with("the checks were not done within auth.deadline"));
  CHECK(verdicts.dkim.signatures.at(0).result == auth::DkimResult::PermError);  // has no key
}

TEST_CASE("verify client: what is large at a name of DMARC is a failure of that name") {
  Stage stage;
  stage.add(honest);
  stage.resolver.zone = {};
  stage.resolver.zone.add({"_dmarc.a.test", dns::Type::Txt}, large_record("", 9000));
  const auto job = stage.begin_without_message();
  stage.add_message(job, "From: a@a.test\r\n\r\n");
  CHECK(stage.finish(job) == "none");
  CHECK(stage.outcomes.at(job)->dmarc.result == auth::DmarcResult::TempError);
}

TEST_CASE("verify client: a verifier cannot judge, nor ask for, what it has not") {
  const FakeVerifier::Behaviour crimes[] = {
      [](auto& self, auto& job) {
        self.say(ipc::Judged{job.job, ipc::pack(auth::Verdicts{})});
      },
      [](auto& self, auto& job) { self.say(need(job, "a.example", 0, 1)); },
  };
  for (const auto& crime : crimes) {
    Stage stage;
    stage.add(crime);
    CHECK(stage.finish(stage.begin_without_message()) == "verify.1: said what it may not");
  }
}

TEST_CASE("verify client: a message beyond its questions") {
  std::vector<dns::Question> many;
  for (std::size_t i = 0; i <= auth::kMaxMessageLookups; ++i)
    many.push_back({"n" + std::to_string(i) + ".example", dns::Type::Txt});
  Stage stage;
  stage.add([&](FakeVerifier& self, const ipc::Judge& job) {
    if (self.pieces.back().empty()) return self.say(ipc::Need{job.job, {}, 0, 0});
    self.say(ipc::Need{job.job, many, 0, static_cast<std::uint32_t>(many.size())});
  });
  CHECK(stage.judged() == "verify.1: said what it may not");
  many.pop_back();
  stage.add([&](FakeVerifier& self, const ipc::Judge& job) {
    if (!self.pieces.back().empty() && job.answers.empty())
      return self.say(ipc::Need{job.job, many, 0, static_cast<std::uint32_t>(many.size())});
    self.behaves = honest;
    honest(self, job);
  });
  CHECK(stage.judged() == "pass");
}
