// SPDX-License-Identifier: Apache-2.0
#include "net/channel_link.h"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "ipc/messages.h"
#include "support/few_descriptors.h"

namespace {

// All that is ready, and what comes of it: each run does at least one thing.
void turn(net::EventLoop& loop) {
  for (int i = 0; i < 50; ++i) {
    loop.stop();
    loop.run();
  }
}

// smtp's end of a channel as a link; resolve's end in the hands of the test.
class Stage {
 public:
  Stage() {
    auto ends = ipc::Channel::make_pair();
    REQUIRE(ends.ok());
    other_.emplace(std::move(ends->second), ipc::State::ToResolve);
    link_ = net::ChannelLink::make(loop_, std::move(ends->first), ipc::State::FromResolve,
                                   {[this](const ipc::Message& message) { return hear(message); },
                                    [this](const std::string& reason, bool violation) {
                                      ended_.push_back((violation ? "violation: " : "") + reason);
                                      if (drop_) link_.reset();
                                    }});
  }

  void turn() { ::turn(loop_); }
  void answer(std::uint64_t request) {
    REQUIRE(other_->send(ipc::Resolved{request, dns::Answer::of(dns::Status::NoData)}).ok());
  }
  std::size_t take_questions() {
    std::size_t count = 0;
    CHECK(other_->receive().ok());
    for (auto message = other_->next(); message && *message; message = other_->next()) ++count;
    return count;
  }

  net::EventLoop loop_;
  std::optional<ipc::Channel> other_;
  std::shared_ptr<net::ChannelLink> link_;
  std::vector<std::uint64_t> heard_;
  std::vector<std::string> ended_;
  bool drop_ = false;
  bool close_ = false;

 private:
  bool hear(const ipc::Message& message) {
    const auto resolved = ipc::unpack<ipc::Resolved>(message.body);
    REQUIRE(resolved);
    heard_.push_back(resolved->request);
    if (close_) link_->close();
    return resolved->request != 13;
  }
};

const ipc::Resolve kQuestion{1, 2, {"example.org", dns::Type::A}};

}  // namespace

TEST_CASE("a link: messages go out and come in") {
  Stage stage;
  stage.link_->send(kQuestion);
  CHECK(stage.take_questions() == 1);
  stage.answer(1);
  stage.answer(2);
  stage.turn();
  CHECK(stage.heard_ == std::vector<std::uint64_t>{1, 2});
  CHECK(stage.ended_.empty());
}

TEST_CASE("a link: what the kernel does not take at once goes out later") {
  Stage stage;
  constexpr std::size_t kMany = 20000;
  for (std::size_t i = 0; i < kMany; ++i) stage.link_->send(kQuestion);
  std::size_t taken = 0;
  for (int round = 0; round < 100 && taken < kMany; ++round) {
    stage.turn();
    taken += stage.take_questions();
  }
  CHECK(taken == kMany);
}

TEST_CASE("a link: its end is told once, behind the last message") {
  for (const bool drop : {false, true}) {
    Stage stage;
    stage.drop_ = drop;
    stage.answer(1);
    stage.other_.reset();
    stage.turn();
    CHECK(stage.heard_.size() == 1);
    CHECK(stage.ended_ == std::vector<std::string>{"the other process has ended"});
    if (!drop) stage.link_->send(kQuestion);
    stage.turn();
    CHECK(stage.ended_.size() == 1);
  }
}

TEST_CASE("a link: what came whole is heard ahead of the error behind it") {
  auto ends = ipc::Channel::make_pair();
  REQUIRE(ends.ok());
  ipc::Channel deliver(std::move(ends->second), ipc::State::FromSmtp);
  net::EventLoop loop;
  std::vector<std::string> told;
  const auto link =
      net::ChannelLink::make(loop, std::move(ends->first), ipc::State::FromDeliver,
                             {[&](const ipc::Message& message) {
                                told.emplace_back(ipc::name_of(message.type));
                                return true;
                              },
                              [&](const std::string& reason, bool violation) {
                                told.push_back((violation ? "violation: " : "") + reason);
                              }});
  REQUIRE(deliver.send(ipc::Space{1}).ok());
  base::UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  REQUIRE(deliver.send(ipc::Collecting{7}, std::move(file)).ok());
  {
    const support::FewDescriptors none(false);
    turn(loop);
  }
  CHECK(told == std::vector<std::string>{"Space", "descriptors were lost: too many are open"});
}

TEST_CASE("a link: a send to nobody ends it too") {
  Stage stage;
  stage.drop_ = true;
  stage.other_.reset();
  stage.link_->send(kQuestion);
  REQUIRE(stage.ended_.size() == 1);
  CHECK(stage.ended_[0].find("send to another process") != std::string::npos);
  CHECK(stage.link_ == nullptr);
  stage.turn();
  CHECK(stage.ended_.size() == 1);
}

TEST_CASE("a link: an other side that takes nothing breaks its word") {
  Stage stage;
  const ipc::Resolve longest{1, 2, {std::string(250, 'x'), dns::Type::A}};
  for (int i = 0; i < 1000000 && stage.ended_.empty(); ++i) stage.link_->send(longest);
  CHECK(stage.ended_ ==
        std::vector<std::string>{"violation: the other process does not read its messages"});
}

TEST_CASE("a link: what may not come, and what makes no sense") {
  Stage wrong;
  REQUIRE(wrong.other_->send(ipc::Space{1}).ok());
  wrong.answer(1);
  wrong.turn();
  CHECK(wrong.heard_.empty());
  CHECK(wrong.ended_ == std::vector<std::string>{"violation: Space may not come now"});
  Stage senseless;
  senseless.answer(13);
  senseless.answer(14);
  senseless.turn();
  CHECK(senseless.heard_ == std::vector<std::uint64_t>{13});
  CHECK(senseless.ended_ == std::vector<std::string>{"violation: Resolved: makes no sense"});
}

TEST_CASE("a link: closed from within, it says no more") {
  Stage stage;
  stage.close_ = true;
  stage.answer(13);
  stage.answer(14);
  stage.turn();
  CHECK(stage.heard_.size() == 1);
  CHECK(stage.ended_.empty());
}
