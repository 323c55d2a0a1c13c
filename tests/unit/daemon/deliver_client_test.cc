// SPDX-License-Identifier: Apache-2.0
// What smtp hears of a message that deliver collects, and what it does not believe.
#include "daemon/smtp/deliver_client.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ipc/channel.h"

using smtp_role::BufferBudget, smtp_role::DeliverClient, smtp_role::MessagePart;

namespace {

constexpr std::uint64_t kMessage = 7;

base::UniqueFd some_file() { return base::UniqueFd(::memfd_create("file", MFD_CLOEXEC)); }

class Stage {
 public:
  Stage() {
    client.on_lost([this] { lost = true; });
    connect();
  }

  void connect() {
    auto ends = ipc::Channel::make_pair();
    REQUIRE(ends.ok());
    client.connect(std::move(ends->first));
    deliver.emplace(std::move(ends->second), ipc::State::FromSmtp);
  }
  // One message of deliver's after the next of smtp's.
  void append() {
    const std::size_t before = heard();
    auto part = MessagePart::make(budget);
    REQUIRE((*part)->append("some bytes").ok());
    client.append(kMessage, std::move(*part), [this](const auto& appended, const auto& file) {
      answers.push_back(appended);
      files.push_back(file);
    });
    until_heard(before + 1);
  }
  // So many of smtp's messages have come.
  void until_heard(std::size_t count) {
    until([&] { return heard() >= count; });
  }
  template <class Message>
  void say(const Message& message) {
    REQUIRE(deliver->send(message).ok());
  }
  void say_collecting(std::uint64_t message) {
    REQUIRE(deliver->send(ipc::Collecting{message}, some_file()).ok());
  }
  void until_answers(std::size_t count) {
    until([&] { return answers.size() >= count; });
  }
  void until(const std::function<bool()>& condition) {
    const base::Instant patience = base::now() + std::chrono::seconds(20);
    const auto watch = loop.every(std::chrono::milliseconds(1), [&] {
      if (condition() || base::now() > patience) loop.stop();
    });
    loop.run();
    REQUIRE(condition());
  }

  BufferBudget budget{1000};
  net::EventLoop loop;
  DeliverClient client{loop};
  std::optional<ipc::Channel> deliver;
  std::vector<ipc::Appended> answers;
  std::vector<base::SharedFd> files;
  bool lost = false;

 private:
  std::size_t heard() {
    REQUIRE(deliver->receive().ok());
    for (auto message = deliver->next(); message && *message; message = deliver->next())
      ++messages_;
    return messages_;
  }
  std::size_t messages_ = 0;
};

}  // namespace

TEST_CASE("deliver client: the file comes with the answer to the first part") {
  Stage stage;
  for (int part = 0; part < 2; ++part) {
    stage.append();
    CHECK(stage.budget.used() == 10);
    if (part == 0) stage.say_collecting(kMessage);
    stage.say(ipc::Appended{kMessage, "", false});
    stage.until_answers(static_cast<std::size_t>(part) + 1);
    CHECK(stage.answers.back().error.empty());
    CHECK((stage.files.back() != nullptr) == (part == 0));
    CHECK(stage.budget.used() == 0);
  }
  CHECK_FALSE(stage.lost);
}

using Violation = std::function<void(Stage&)>;

void check_that_each_ends_the_channel(const std::vector<Violation>& violations) {
  for (const auto& violate : violations) {
    Stage stage;
    stage.append();
    violate(stage);
    stage.until([&] { return stage.lost; });
    REQUIRE(stage.answers.size() == 1);
    CHECK(stage.answers.front().error == "the deliver process sent nonsense");
    CHECK(stage.files.front() == nullptr);
    CHECK(stage.budget.used() == 0);
  }
}

TEST_CASE("deliver client: a file that nobody waits for ends the channel") {
  const std::vector<Violation> violations = {
      [](Stage& stage) { stage.say_collecting(kMessage + 1); },
      [](Stage& stage) {  // the second one
        stage.say_collecting(kMessage);
        stage.say_collecting(kMessage);
      },
      [](Stage& stage) {  // one for a message that is being delivered
        auto last = MessagePart::make(stage.budget);
        stage.client.deliver(kMessage + 2, std::move(*last), {}, 0, [](const auto&) {});
        stage.say_collecting(kMessage + 2);
      }};
  check_that_each_ends_the_channel(violations);
}

TEST_CASE("deliver client: when deliver dies what it had in hand has failed, and nothing is kept") {
  Stage stage;
  stage.append();
  stage.say_collecting(kMessage);
  stage.deliver->close();
  stage.until_answers(1);
  CHECK(stage.lost);
  CHECK(stage.answers.front().error == "the other process has ended");
  CHECK(stage.files.front() == nullptr);
  CHECK(stage.budget.used() == 0);

  // The successor knows nothing of the message, and says so by another file.
  stage.connect();
  stage.append();
  stage.say_collecting(kMessage);
  stage.say(ipc::Appended{kMessage, "", false});
  stage.until_answers(2);
  CHECK(stage.files.back() != nullptr);
}

TEST_CASE("deliver client: how far deliver came with a message over which it died is not known") {
  Stage stage;
  std::vector<ipc::Delivered> outcomes;
  const auto deliver_one = [&] {
    auto last = MessagePart::make(stage.budget);
    stage.client.deliver(kMessage, std::move(*last), {}, 0,
                         [&](const auto& delivered) { outcomes.push_back(delivered); });
  };
  deliver_one();
  stage.until_heard(1);
  stage.deliver->close();
  stage.until([&] { return outcomes.size() == 1; });
  CHECK(outcomes.back().outcome == ipc::Delivered::Outcome::Failed);
  CHECK(outcomes.back().possible_duplicates == std::vector<std::string>{"any of its mailboxes"});

  // Of what it never had there is no copy.
  deliver_one();
  stage.until([&] { return outcomes.size() == 2; });
  CHECK(outcomes.back().outcome == ipc::Delivered::Outcome::Failed);
  CHECK(outcomes.back().possible_duplicates.empty());
}

// Else a deliver that somebody has taken over could fill the log, and have a session wait for ever.
TEST_CASE("deliver client: an answer that nobody waits for ends the channel, and loses nothing") {
  const std::vector<Violation> violations = {
      [](Stage& stage) {
        stage.say(ipc::Appended{kMessage + 1, "", false});
      },
      [](Stage& stage) {
        stage.say(ipc::Delivered{kMessage + 1, ipc::Delivered::Outcome::Durable, "", {}});
      },
      [](Stage& stage) {  // of a part, as if it were the whole
        stage.say(ipc::Delivered{kMessage, ipc::Delivered::Outcome::Durable, "", {}});
      }};
  check_that_each_ends_the_channel(violations);
}
