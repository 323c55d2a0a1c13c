// SPDX-License-Identifier: Apache-2.0
// What deliver keeps for smtp, in memory and on disk.
#include "daemon/deliver/state_store.h"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "daemon/common/sealed_memory.h"
#include "spool/spool_root.h"
#include "support/temp_directory.h"

namespace {

namespace fs = std::filesystem;
using deliver_role::StateContent, deliver_role::StateStore;
using ipc::StateKind;

StateContent content(const std::string& bytes) {
  return {base::share(std::move(*common::sealed_memory("state", bytes))), bytes.size()};
}

class Stage {
 public:
  explicit Stage(const fs::path& directory) {
    auto files = deliver_role::open_state_files(
        base::share(base::UniqueFd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC))));
    REQUIRE(files);
    store_.emplace(loop_, writers_, std::move(*files));
  }
  // Keeps the only writer from its work.
  void hold() {
    REQUIRE(writers_.run(
        [held = std::make_shared<std::future<void>>(release_.get_future())] { held->wait(); }));
  }
  void release() { release_.set_value(); }
  // The answers come into `answers`, with the name of the save in front.
  void save(StateKind kind, const std::string& bytes) {
    store_->save(kind, content(bytes), [this, bytes](const std::string& error) {
      answers.push_back(bytes + ": " + error);
    });
  }
  void until_answers(std::size_t count) {
    for (int round = 0; round < 5000 && answers.size() < count; ++round)
      loop_.run_for(std::chrono::milliseconds(2));
    loop_.run_for(std::chrono::milliseconds(20));  // and no more
    CHECK(answers.size() == count);
  }
  std::string kept(StateKind kind) const {
    const StateContent& state = store_->contents().at(kind);
    const auto bytes = common::read_sealed_memory(state.memory->get());
    REQUIRE(bytes);
    CHECK(bytes->size() == state.size);
    return *bytes;
  }

  std::vector<std::string> answers;

 private:
  spool::Spool open_spool() {
    spool::Settings settings;
    settings.directory = spool_directory_.path();
    settings.hostname = "mx.ours.test";
    auto root = spool::open_root(spool::root_directory(settings));
    REQUIRE(root);
    auto spool = spool::Spool::open(settings, std::move(*root), {});
    REQUIRE(spool);
    return std::move(*spool);
  }

  support::TempDirectory spool_directory_;
  common::PollLoop loop_;
  spool::Spool spool_ = open_spool();
  std::promise<void> release_;
  std::optional<StateStore> store_;
  spool::Writers writers_{spool_, 1, 1};
};

std::string file(const support::TempDirectory& directory, const char* name) {
  std::ifstream stream(directory.path() / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST_CASE("state: what is saved is in its file, and there for the next process") {
  const support::TempDirectory directory;
  Stage stage(directory.path());
  CHECK(stage.kept(StateKind::Bans).empty());
  stage.save(StateKind::Bans, "bans");
  stage.save(StateKind::History, "history");
  stage.until_answers(2);
  CHECK(stage.answers == std::vector<std::string>{"bans: ", "history: "});
  CHECK(file(directory, "bans") == "bans");
  CHECK(file(directory, "history") == "history");
  CHECK(stage.kept(StateKind::Bans) == "bans");
  const Stage next(directory.path());
  CHECK(next.kept(StateKind::Bans) == "bans");
  CHECK(next.kept(StateKind::History) == "history");
}

TEST_CASE("state: of several saves of a kind while one is written only the newest is kept") {
  const support::TempDirectory directory;
  Stage stage(directory.path());
  stage.hold();
  for (const char* bytes : {"1", "2", "3", "4"}) stage.save(StateKind::Bans, bytes);
  stage.save(StateKind::History, "h");
  CHECK(stage.kept(StateKind::Bans) == "4");  // at once, for an smtp that comes now
  stage.release();
  stage.until_answers(3);
  CHECK(stage.answers == std::vector<std::string>{"1: ", "h: ", "4: "});
  CHECK(file(directory, "bans") == "4");
}

TEST_CASE("state: a write that fails says why, and the next one is tried") {
  const support::TempDirectory directory;
  Stage stage(directory.path());
  fs::create_directory(directory.path() / "bans");
  stage.save(StateKind::Bans, "1");
  stage.until_answers(1);
  CHECK(stage.answers.back() == "1: rename the new file of the state bans: Is a directory");
  CHECK(stage.kept(StateKind::Bans) == "1");
  fs::remove(directory.path() / "bans");
  stage.save(StateKind::Bans, "2");
  stage.until_answers(2);
  CHECK(file(directory, "bans") == "2");
}

TEST_CASE("state: a file that cannot be read counts as empty and does not end the start") {
  const support::TempDirectory directory;
  fs::create_directory(directory.path() / "bans");
  std::ofstream(directory.path() / "history") << "h";
  const Stage stage(directory.path());
  CHECK(stage.kept(StateKind::Bans).empty());
  CHECK(stage.kept(StateKind::History) == "h");
}

}  // namespace
