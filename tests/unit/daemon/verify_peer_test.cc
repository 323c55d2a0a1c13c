// SPDX-License-Identifier: Apache-2.0
// What a verifier does for smtp, and what it does not even for a smtp that somebody has taken over.
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <utility>

#include "auth/verify.h"
#include "daemon/verify/smtp_peer.h"

using verify_role::SmtpPeer;

namespace {

class Stage {
 public:
  Stage() {
    auto ends = ipc::Channel::make_pair();
    REQUIRE(ends.ok());
    smtp_.emplace(std::move(ends->first), ipc::State::FromVerify);
    peer_ = std::make_shared<SmtpPeer>(loop_, std::move(ends->second), verify_role::judge);
    peer_->start();
  }
  ~Stage() { peer_->close(); }

  template <class Message>
  void send(const Message& message) {
    REQUIRE(smtp_->send(message).ok());
  }

  // The next that it says; nothing: it has closed.
  std::optional<ipc::Message> answer() {
    for (int round = 0; round < 500; ++round) {
      loop_.run_for(std::chrono::milliseconds(2));
      const auto open = smtp_->receive();
      auto message = smtp_->next();
      REQUIRE(message.ok());
      if (*message) return std::move(*message);
      if (!open || !*open) return {};
    }
    FAIL("neither an answer nor an end");
    return {};
  }

 private:
  common::PollLoop loop_;
  std::optional<ipc::Channel> smtp_;
  std::shared_ptr<SmtpPeer> peer_;
};

auth::Facts some_facts() {
  auth::Facts facts;
  facts.session.client = *base::IpAddress::parse("2001:db8::1");
  facts.session.helo = "helo.example";
  facts.session.mail_from = mail::parse_mailbox("user@example.org");
  facts.session.time = base::WallTime(std::chrono::seconds(1700000000));
  return facts;
}

ipc::Judge job(std::uint64_t number, const auth::Facts& facts) {
  return {number, ipc::pack(facts), {}, {}, 0};
}

}  // namespace

TEST_CASE("verify: a job is answered with questions, or with verdicts, one after the other") {
  Stage stage;
  auth::Facts facts = some_facts();
  stage.send(job(7, facts));
  facts.sender = facts.client = auth::Cutoff::Deadline;
  stage.send(job(8, facts));

  const auto first = stage.answer();
  REQUIRE(first);
  const auto need = ipc::unpack<ipc::Need>(first->body);
  REQUIRE(need);
  CHECK(need->job == 7);
  CHECK(need->questions == std::get<auth::Need>(auth::verify(some_facts(), {})).questions);

  const auto second = stage.answer();
  REQUIRE(second);
  const auto judged = ipc::unpack<ipc::Judged>(second->body);
  REQUIRE(judged);
  CHECK(judged->job == 8);
  const auto verdicts = ipc::unpack<auth::Verdicts>(judged->verdicts);
  REQUIRE(verdicts);
  CHECK(*verdicts == std::get<auth::Verdicts>(auth::verify(facts, {})));
}

TEST_CASE("verify: facts at their limit are judged, whatever is in them") {
  Stage stage;
  auth::Facts facts = some_facts();
  facts.sender = facts.client = auth::Cutoff::Rounds;
  facts.session.mail_from.reset();  // so that helo is in the verdicts twice
  facts.session.helo.clear();
  facts.session.helo.assign(SmtpPeer::kMaxFacts - ipc::pack(facts).size(), '\0');
  stage.send(job(1, facts));
  const auto answer = stage.answer();
  REQUIRE(answer);
  CHECK(answer->type == ipc::Type::Judged);

  facts.session.helo += 'x';
  stage.send(job(2, facts));
  CHECK_FALSE(stage.answer());
}

TEST_CASE("verify: what is no job ends the channel") {
  for (const std::string& facts :
       {std::string(), std::string("damaged"), ipc::pack(some_facts()) + '\0'}) {
    Stage stage;
    stage.send(ipc::Judge{1, facts, {}, {}, 0});
    CHECK_FALSE(stage.answer());
  }
  Stage stage;
  stage.send(ipc::Discard{1});
  CHECK_FALSE(stage.answer());
}
