// SPDX-License-Identifier: Apache-2.0
// What a verifier does for smtp, and what it does not even for a smtp that somebody has taken over.
#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "auth/verify.h"
#include "daemon/common/sealed_memory.h"
#include "daemon/verify/smtp_peer.h"
#include "dns/answer_text.h"
#include "support/auth_message.h"
#include "support/few_descriptors.h"
#include "support/log_lines.h"

using verify_role::SmtpPeer;

namespace {

class Stage {
 public:
  Stage() {
    auto ends = ipc::Channel::make_pair();
    REQUIRE(ends.ok());
    smtp_.emplace(std::move(ends->first), ipc::State::FromVerify);
    auto work = verify_role::make_judge();
    REQUIRE(work.ok());
    peer_ = std::make_shared<SmtpPeer>(loop_, std::move(ends->second), std::move(*work));
    peer_->start();
  }
  ~Stage() { peer_->close(); }

  template <class Message>
  void send(const Message& message, base::SharedFd fd = nullptr) {
    REQUIRE(smtp_->send(message, std::move(fd)).ok());
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

auth::Facts settled_facts() {
  auth::Facts facts = some_facts();
  facts.sender = facts.message = facts.client = auth::Cutoff::Deadline;
  return facts;
}

ipc::Judge job(std::uint64_t number, const auth::Facts& facts) {
  return {number, ipc::pack(facts), {}, {}, 0, 0, {}};
}

using Part = ipc::Attach::Part;

base::SharedFd memory(const std::string& bytes) {
  auto fd = common::sealed_memory("test", bytes);
  REQUIRE(fd.ok());
  return base::share(std::move(*fd));
}

base::SharedFd file(const std::string& bytes) {
  base::UniqueFd fd(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  REQUIRE(fd);
  REQUIRE(::write(fd.get(), bytes.data(), bytes.size()) == std::ssize(bytes));
  return base::share(std::move(fd));
}

void attach(Stage& stage, std::uint64_t number, Part part, const std::string& bytes) {
  stage.send(ipc::Attach{number, part, 0, bytes.size()}, memory(bytes));
}

auth::Verdicts verdicts_in(const std::optional<ipc::Message>& answer) {
  REQUIRE(answer);
  const auto judged = ipc::unpack<ipc::Judged>(answer->body);
  REQUIRE(judged);
  const auto verdicts = ipc::unpack<auth::Verdicts>(judged->verdicts);
  REQUIRE(verdicts);
  return *verdicts;
}

ipc::Judge job_with_keys(std::uint64_t number) {
  ipc::Judge judge = job(number, settled_facts());
  const auto zone = dns::from_text(support::kSignersZone);
  REQUIRE(zone.ok());
  judge.answers = zone->entries();
  return judge;
}

void check_signatures(const std::optional<ipc::Message>& answer, auth::DkimResult result) {
  const auto verdicts = verdicts_in(answer);
  REQUIRE(verdicts.dkim.signatures.size() == 2);
  for (const auth::DkimVerdict& signature : verdicts.dkim.signatures)
    CHECK(signature.result == result);
}

}  // namespace

TEST_CASE("verify: a job is answered with questions, or with verdicts, one after the other") {
  Stage stage;
  stage.send(job(7, some_facts()));
  attach(stage, 8, Part::Header, "Subject: x\r\n\r\n");
  attach(stage, 8, Part::Body, "");
  stage.send(job(8, settled_facts()));

  const auto first = stage.answer();
  REQUIRE(first);
  const auto need = ipc::unpack<ipc::Need>(first->body);
  REQUIRE(need);
  CHECK(need->job == 7);
  const auto expected = auth::verify(some_facts(), {}, {}, {}, support::auth_libraries());
  CHECK(need->questions == std::get<auth::Need>(expected).questions);

  support::AuthMessage message("Subject: x\r\n\r\n");
  const auto verdicts =
      auth::verify(settled_facts(), message.whole(), {}, {}, support::auth_libraries());
  CHECK(verdicts_in(stage.answer()) == std::get<auth::Verdicts>(verdicts));
}

TEST_CASE("verify: the body is read wherever it is, in pieces") {
  Stage stage;
  attach(stage, 1, Part::Header, support::kSignedHeader);
  attach(stage, 1, Part::Body, "b\r\n");
  stage.send(job_with_keys(1));
  check_signatures(stage.answer(), auth::DkimResult::Pass);

  attach(stage, 2, Part::Header, support::kSignedHeader);
  stage.send(ipc::Attach{2, Part::Body, 7, 1}, file("skippedb\rnot of the piece"));
  stage.send(ipc::Attach{2, Part::Body, 0, 2}, memory("\r\n"));
  stage.send(job_with_keys(2));
  check_signatures(stage.answer(), auth::DkimResult::Pass);

  // What was attached to one job is not there for the next.
  attach(stage, 3, Part::Header, support::kSignedHeader);
  attach(stage, 3, Part::Body, "c\r\n");
  stage.send(job_with_keys(3));
  check_signatures(stage.answer(), auth::DkimResult::Fail);
  stage.send(job_with_keys(4));
  const auto none = stage.answer();
  REQUIRE(none);
  CHECK(none->type == ipc::Type::Need);
}

TEST_CASE("verify: no verdict stands on a body that cannot be read to its end") {
  Stage stage;
  attach(stage, 1, Part::Header, support::kSignedHeader);
  stage.send(ipc::Attach{1, Part::Body, 0, 4}, file("b\r\n"));
  stage.send(job_with_keys(1));
  CHECK_FALSE(stage.answer());
}

TEST_CASE("verify: a job that came whole is answered, though a descriptor behind it was lost") {
  Stage stage;
  const support::LogLines log;
  stage.send(job(1, settled_facts()));
  attach(stage, 2, Part::Header, "a: b\r\n");
  std::vector<bool> answered;
  {
    const support::FewDescriptors none(false);
    for (int i = 0; i < 2; ++i) answered.push_back(stage.answer().has_value());
  }
  CHECK(answered == std::vector<bool>{true, false});
  CHECK(log.take() == std::vector<std::string>{"trouble area=channel reason=\"smtp: descriptors "
                                               "were lost: too many are open\""});
}

TEST_CASE("verify: what may not be attached ends the channel") {
  const std::pair<const char*, std::function<void(Stage&)>> crimes[] = {
      {"no job", [](Stage& stage) { attach(stage, 0, Part::Header, "x"); }},
      {"a body without a header", [](Stage& stage) { attach(stage, 1, Part::Body, "x"); }},
      {"two headers",
       [](Stage& stage) {
         attach(stage, 1, Part::Header, "x");
         attach(stage, 1, Part::Header, "x");
       }},
      {"two jobs",
       [](Stage& stage) {
         attach(stage, 1, Part::Header, "x");
         attach(stage, 2, Part::Body, "x");
       }},
      {"a job of another number",
       [](Stage& stage) {
         attach(stage, 1, Part::Header, "x");
         stage.send(job(2, some_facts()));
       }},
      {"a header that can change",
       [](Stage& stage) {
         stage.send(ipc::Attach{1, Part::Header, 0, 1}, file("x"));
       }},
      {"a header of another size",
       [](Stage& stage) {
         stage.send(ipc::Attach{1, Part::Header, 0, 2}, memory("x"));
       }},
      {"a header behind something",
       [](Stage& stage) {
         stage.send(ipc::Attach{1, Part::Header, 1, 2}, memory("xx"));
       }},
      {"a header beyond its limit",
       [](Stage& stage) {
         attach(stage, 1, Part::Header, std::string(SmtpPeer::kMaxHeader + 1, 'x'));
       }},
      {"a body beyond its limit",
       [](Stage& stage) {
         attach(stage, 1, Part::Header, "x");
         stage.send(ipc::Attach{1, Part::Body, 0, SmtpPeer::kMaxBody + 1}, memory("x"));
       }},
      {"more pieces than there may be",
       [](Stage& stage) {
         attach(stage, 1, Part::Header, "x");
         for (std::size_t i = 0; i <= ipc::kMaxBodyPieces; ++i) attach(stage, 1, Part::Body, "x");
       }},
      {"verdicts that are none",
       [](Stage& stage) {
         ipc::Judge judge = job(1, some_facts());
         judge.verdicts = "x";
         stage.send(judge);
       }},
  };
  for (const auto& [name, crime] : crimes) {
    INFO(name);
    Stage stage;
    crime(stage);
    CHECK_FALSE(stage.answer());
  }
}

TEST_CASE("verify: facts at their limit are judged, whatever is in them") {
  Stage stage;
  auth::Facts facts = settled_facts();
  facts.session.mail_from.reset();  // so that helo is in the verdicts twice
  facts.session.helo.clear();
  facts.session.helo.assign(SmtpPeer::kMaxFacts - ipc::pack(facts).size(), '\0');
  attach(stage, 1, Part::Header, "Subject: x\r\n\r\n");
  attach(stage, 1, Part::Body, "");
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
    stage.send(ipc::Judge{1, facts, {}, {}, 0, 0, {}});
    CHECK_FALSE(stage.answer());
  }
  Stage stage;
  stage.send(ipc::Discard{1});
  CHECK_FALSE(stage.answer());
}
