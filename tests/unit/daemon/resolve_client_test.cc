// SPDX-License-Identifier: Apache-2.0
// Questions of smtp on their way to resolve and back; and what either does when the other one was
// taken over.
#include "daemon/common/resolve_client.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <thread>
#include <vector>

#include "daemon/common/answer_size.h"
#include "daemon/resolve/smtp_peer.h"
#include "dns/message.h"
#include "dns/resolver.h"
#include "ipc/channel.h"
#include "support/dns_wire.h"

namespace {

using common::ResolveClient;
using dns::Answer, dns::Question, dns::Status, dns::Type;

const Question kQuestion{"example.org", Type::Txt};

Answer text(const std::string& bytes) {
  Answer answer = Answer::of(Status::Records, dns::Security::Secure);
  answer.texts = {bytes};
  return answer;
}

constexpr dns::Payer kPayer = 7;

// Answers at once with the name that was asked, but for "slow.": that never.
class Echo final : public dns::Resolver {
 public:
  explicit Echo(net::EventLoop& loop) : loop_(loop) {}
  void resolve(const Question& question, dns::Payer payer, Done done) override {
    asked.push_back(question.name);
    payers.insert(payer);
    if (question.name.starts_with("slow.")) return waiting_.push_back(std::move(done));
    loop_.post([done, answer = text(question.name)] { done(answer); });
  }
  std::vector<Done> take_waiting() { return std::exchange(waiting_, {}); }
  std::vector<std::string> take_asked() { return std::exchange(asked, {}); }

  std::vector<std::string> asked;
  std::set<dns::Payer> payers;

 private:
  net::EventLoop& loop_;
  std::vector<Done> waiting_;
};

struct Stage {
  explicit Stage(std::chrono::milliseconds away = ResolveClient::kAway) : client(loop, away) {
    client.on_lost([this] { ++lost; });
  }
  base::UniqueFd connect() {
    auto ends = ipc::Channel::make_pair();
    REQUIRE(ends.ok());
    client.connect(std::move(ends->first));
    return std::move(ends->second);
  }
  void connect_to_peer() {
    peer = std::make_shared<resolve_role::SmtpPeer>(loop, resolver);
    peer->start(connect());
  }
  void ask(const Question& question) {
    client.resolve(question, kPayer, [this](const Answer& answer) { answers.push_back(answer); });
  }
  // All that is ready, and what comes of it: each run does at least one thing.
  void turn() {
    for (int i = 0; i < 50; ++i) turn_once();
  }
  void turn_once() {
    loop.stop();
    loop.run();
  }
  std::vector<Answer> turn_for_answers() {
    turn();
    return std::exchange(answers, {});
  }

  net::EventLoop loop;
  Echo resolver{loop};
  ResolveClient client;
  std::shared_ptr<resolve_role::SmtpPeer> peer;
  std::vector<Answer> answers;
  int lost = 0;
};

Answer failure(const char* reason) {
  return Answer::of(Status::Failure, dns::Security::Unknown, reason);
}

// The message of the DNS with the most octets in names when they are written out.
Answer longest_names() {
  const std::string label(63, 'a');
  const std::string name = label + '.' + label + '.' + label + '.' + std::string(61, 'a');
  const unsigned type = dns::code_of(Type::Ptr);
  const std::string pointer("\xc0\x0c", 2);
  std::string message = support::WireAnswer{}.message(support::wire_question(name, type));
  std::string records;
  unsigned count = 0;
  for (const std::string record = support::wire_record(pointer, type, pointer);
       message.size() + records.size() + record.size() <= dns::kMaxMessage; ++count)
    records += record;
  message.replace(6, 2, support::wire_number(count));
  return dns::read_answer(message + records, {name, Type::Ptr});
}

}  // namespace

TEST_CASE("questions: each gets its answer, from any thread") {
  Stage stage;
  stage.connect_to_peer();
  stage.ask({"a.org", Type::Txt});
  std::thread([&] { stage.ask({"B.org.", Type::Txt}); }).join();
  CHECK(stage.answers.empty());
  CHECK(stage.turn_for_answers() == std::vector{text("a.org"), text("b.org")});
  CHECK(stage.resolver.payers == std::set{kPayer});
  CHECK(stage.lost == 0);
}

TEST_CASE("questions: what cannot be asked does not exist, wherever resolve is") {
  Stage stage;
  for (const std::string& name : {std::string(), std::string("a..org"), std::string(100000, 'a')})
    stage.ask({name, Type::A});
  CHECK(stage.turn_for_answers() == std::vector(3, Answer::of(Status::NoName)));
}

TEST_CASE("questions: what is asked while resolve is away waits for it") {
  Stage stage;
  stage.ask(kQuestion);
  CHECK(stage.turn_for_answers().empty());
  stage.connect_to_peer();
  CHECK(stage.turn_for_answers() == std::vector{text("example.org")});
  CHECK(stage.lost == 0);
}

TEST_CASE("questions: the successor of a resolve that died is asked what is open, once") {
  Stage stage;
  stage.connect_to_peer();
  for (const char* name : {"slow.a.org", "b.org", "slow.c.org"}) stage.ask({name, Type::Txt});
  CHECK(stage.turn_for_answers() == std::vector{text("b.org")});
  stage.peer.reset();  // with its end of the channel
  CHECK(stage.turn_for_answers().empty());
  CHECK(stage.lost == 1);
  stage.ask({"slow.d.org", Type::Txt});
  // A late answer to a peer that is gone is nobody's.
  for (const auto& done : stage.resolver.take_waiting()) done(text("late"));
  stage.resolver.take_asked();
  stage.connect_to_peer();
  CHECK(stage.turn_for_answers().empty());
  CHECK(stage.resolver.take_asked() ==
        std::vector<std::string>{"slow.a.org", "slow.c.org", "slow.d.org"});
  stage.resolver.take_waiting()[0](text("a"));
  CHECK(stage.turn_for_answers() == std::vector{text("a")});
  // The second death is the end of what has seen both, and not of the others.
  stage.peer.reset();
  CHECK(stage.turn_for_answers() == std::vector{failure("the resolver died twice over it")});
  stage.connect_to_peer();
  stage.turn();
  CHECK(stage.resolver.take_asked() == std::vector<std::string>{"slow.d.org"});
  stage.resolver.take_waiting()[0](text("d"));
  CHECK(stage.turn_for_answers() == std::vector{text("d")});
}

TEST_CASE("questions: nobody waits for a successor without end") {
  Stage stage(std::chrono::milliseconds(200));
  stage.connect_to_peer();
  stage.ask({"slow.org", Type::A});
  stage.turn();
  const base::Instant lost = base::now();
  stage.peer.reset();
  stage.turn();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const base::Instant asked = base::now();
  stage.ask(kQuestion);
  // Each has its own time; where the machine stands still, both may have passed in one turn.
  for (const auto& [count, begin] : {std::pair(1u, lost), std::pair(2u, asked)}) {
    while (stage.answers.size() < count && base::now() - begin < std::chrono::seconds(20))
      stage.turn_once();
    CHECK(base::now() - begin >= std::chrono::milliseconds(200));
  }
  CHECK(stage.answers == std::vector(2, failure("the resolver is away")));
  stage.connect_to_peer();
  stage.ask(kQuestion);
  stage.answers.clear();
  CHECK(stage.turn_for_answers() == std::vector{text("example.org")});
}

TEST_CASE("questions: a new channel takes the place of an old one") {
  Stage stage;
  stage.connect_to_peer();
  stage.ask({"slow.org", Type::Txt});
  stage.turn();
  stage.connect_to_peer();
  stage.ask(kQuestion);
  CHECK(stage.turn_for_answers() == std::vector{text("example.org")});
  stage.resolver.take_waiting()[1](text("slow"));
  CHECK(stage.turn_for_answers() == std::vector{text("slow")});
  CHECK(stage.lost == 0);
}

TEST_CASE("questions: too many fail at once") {
  Stage stage;
  stage.connect_to_peer();
  for (std::size_t i = 0; i < ResolveClient::kMaxQuestions; ++i) stage.ask({"slow.org", Type::A});
  stage.ask({"slow.org", Type::A});
  CHECK(stage.turn_for_answers() == std::vector{failure("too many questions")});
  // As many are asked again.
  stage.resolver.take_asked();
  stage.connect_to_peer();
  for (int i = 0; i < 100 && stage.resolver.asked.size() < ResolveClient::kMaxQuestions; ++i)
    CHECK(stage.turn_for_answers().empty());
  CHECK(stage.resolver.asked.size() == ResolveClient::kMaxQuestions);
}

TEST_CASE("questions: an answer that is larger than the checks take is not told") {
  Stage stage;
  stage.connect_to_peer();
  const Answer names = longest_names();
  REQUIRE(names.names.size() > 4600);
  const Answer most = text(std::string(dns::kMaxMessage, 'x'));
  stage.ask({"slow.a.org", Type::Ptr});
  stage.ask({"slow.b.org", Type::Txt});
  stage.turn();
  const auto waiting = stage.resolver.take_waiting();
  waiting.at(0)(names);
  waiting.at(1)(most);
  CHECK(stage.turn_for_answers() == std::vector{failure(common::kTooLarge), most});
  CHECK(stage.lost == 0);
}

// They come in one turn of the loop, and smtp reads none of them before it.
TEST_CASE("questions: a long answer that thousands wait for does not end the channel") {
  constexpr std::size_t kWaiting = 4000;
  Stage stage;
  stage.connect_to_peer();
  for (std::size_t i = 0; i < kWaiting; ++i) stage.ask({"slow.org", Type::Txt});
  stage.ask({"slow.b.org", Type::Txt});
  while (stage.resolver.asked.size() <= kWaiting) stage.turn_once();
  auto waiting = stage.resolver.take_waiting();
  const auto last = std::move(waiting.back());
  waiting.pop_back();
  const Answer largest = text(std::string(60000, 'x'));
  for (const auto& done : waiting) done(largest);
  last(text("b"));
  while (stage.lost == 0 && stage.answers.size() <= kWaiting) stage.turn_once();
  CHECK(stage.lost == 0);
  CHECK(stage.answers.back() == text("b"));
  const auto told = std::count(stage.answers.begin(), stage.answers.end(), largest);
  CHECK(told > 400);
  CHECK(told + std::count(stage.answers.begin(), stage.answers.end(),
                          failure("too many long answers at once")) ==
        kWaiting);
}

TEST_CASE("questions: a resolve that somebody took over gets no word in") {
  Answer wrong_type = Answer::of(Status::Records);
  wrong_type.addresses = {*base::IpAddress::parse("192.0.2.1")};
  for (const auto& message : {ipc::Resolved{1, wrong_type}, ipc::Resolved{2, text("x")},
                              ipc::Resolved{1, Answer::of(Status::Records)}}) {
    Stage stage;
    ipc::Channel resolve(stage.connect(), ipc::State::ToResolve);
    stage.ask(kQuestion);
    stage.turn();
    REQUIRE(resolve.send(message).ok());
    CHECK(stage.turn_for_answers().empty());
    CHECK(stage.lost == 1);
    CHECK(resolve.receive().ok());
    stage.connect_to_peer();
    CHECK(stage.turn_for_answers() == std::vector{text("example.org")});
  }
}

TEST_CASE("questions: a smtp that somebody took over is cut off") {
  Stage stage;
  auto ends = ipc::Channel::make_pair();
  REQUIRE(ends.ok());
  stage.peer = std::make_shared<resolve_role::SmtpPeer>(stage.loop, stage.resolver);
  stage.peer->start(std::move(ends->second));
  ipc::Channel smtp(std::move(ends->first), ipc::State::FromResolve);
  REQUIRE(smtp.send(ipc::Resolve{7, kPayer, {std::string(400, 'x'), Type::A}}).ok());
  REQUIRE(smtp.send(ipc::Discard{1}).ok());
  stage.turn();
  const auto open = smtp.receive();
  REQUIRE(open.ok());
  CHECK_FALSE(*open);
}
