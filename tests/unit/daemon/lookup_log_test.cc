// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/lookup_log.h"

#include <catch2/catch.hpp>
#include <utility>
#include <vector>

#include "dns/answer_text.h"

using ctl::LookupLog, ctl::RecordedAnswers;
using dns::Answer, dns::Question, dns::Status, dns::Type;

namespace {

constexpr dns::Payer kPayer = 7;

// Answers when it is told to.
class SlowResolver final : public dns::Resolver {
 public:
  void resolve(const Question&, dns::Payer payer, Done done) override {
    payers.push_back(payer);
    waiting.push_back(std::move(done));
  }
  std::vector<dns::Payer> payers;
  std::vector<Done> waiting;
};

}  // namespace

TEST_CASE("lookups: a round is what is asked between two answers") {
  SlowResolver source;
  LookupLog log(source);
  std::vector<Status> heard;
  const auto hear = [&](const Answer& answer) { heard.push_back(answer.status); };
  log.resolve({"a.org", Type::Txt}, kPayer, hear);
  log.resolve({"a.org", Type::Mx}, kPayer, hear);
  CHECK(source.payers == std::vector(2, kPayer));
  source.waiting[1](Answer::of(Status::NoData));
  log.resolve({"b.org", Type::A}, kPayer, hear);
  source.waiting[0](Answer::of(Status::NoName));
  source.waiting[2](Answer::of(Status::NoData));
  log.resolve({"c.org", Type::A}, kPayer, hear);
  log.resolve({"d.org", Type::A}, kPayer, hear);
  source.waiting[4](Answer::of(Status::NoName));
  CHECK(heard == std::vector{Status::NoData, Status::NoName, Status::NoData, Status::NoName});

  const auto lookups = log.take("no answer");
  REQUIRE(lookups.size() == 5);
  const std::vector<unsigned> rounds{1, 1, 2, 3, 3};
  for (std::size_t i = 0; i < lookups.size(); ++i) CHECK(lookups[i].round == rounds[i]);
  CHECK(lookups[0].question == Question{"a.org", Type::Txt});
  CHECK(lookups[0].answer.status == Status::NoName);
  CHECK(lookups[1].answer.status == Status::NoData);
  CHECK(lookups[1].took->count() >= 0);
  CHECK(lookups[3].answer == Answer::of(Status::Failure, dns::Security::Unknown, "no answer"));
  CHECK_FALSE(lookups[3].took);
}

TEST_CASE("lookups: recorded answers come in the next turn, others are failures") {
  net::EventLoop loop;
  const auto table = dns::from_text("a.org A secure records 192.0.2.1\n");
  REQUIRE(table.ok());
  RecordedAnswers recorded(loop, *table);
  std::vector<Answer> answers;
  const auto hear = [&](Answer answer) { answers.push_back(std::move(answer)); };
  recorded.resolve({"a.org", Type::A}, kPayer, hear);
  recorded.resolve({"a.org", Type::Aaaa}, kPayer, hear);
  CHECK(answers.empty());
  loop.post([&] { loop.stop(); });
  loop.run();
  REQUIRE(answers.size() == 2);
  CHECK(answers[0] == *table->find({"a.org", Type::A}));
  CHECK(answers[1].failed());
  CHECK(answers[1].why() == "it is not among the recorded answers");
  CHECK(recorded.missing() == 1);
}
