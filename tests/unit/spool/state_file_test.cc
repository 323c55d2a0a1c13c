// SPDX-License-Identifier: Apache-2.0
#include "spool/state_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "support/temp_directory.h"

namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using spool::StateFile, spool::StateKind;

class Fixture {
 public:
  support::TempDirectory directory;
  StateFile bans = file(StateKind::Bans);

  StateFile file(StateKind kind) {
    return {base::share(base::UniqueFd(::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY))),
            kind};
  }
  fs::path path(const char* name) { return directory.path() / name; }
};

TEST_CASE_METHOD(Fixture, "state that was never saved is empty") {
  REQUIRE(bans.load());
  CHECK(bans.load()->empty());
  CHECK(fs::is_empty(directory.path()));
}

TEST_CASE_METHOD(Fixture, "state is what was saved last, of each kind") {
  const std::string bytes("a\0\r\n\xff", 5);
  StateFile history = file(StateKind::History);
  REQUIRE(bans.save("longer than the next"));
  REQUIRE(bans.save(bytes));
  REQUIRE(history.save("others"));
  CHECK(*bans.load() == bytes);
  CHECK(*file(StateKind::Bans).load() == bytes);
  CHECK(*history.load() == "others");
  REQUIRE(bans.save(""));
  CHECK(bans.load()->empty());
}

TEST_CASE_METHOD(Fixture, "a state file has its name, is its owner's, and nothing lies beside it") {
  REQUIRE(bans.save("x"));
  REQUIRE(file(StateKind::History).save("y"));
  struct stat status {};
  for (const char* name : {"bans", "history"}) {
    REQUIRE(::stat(path(name).c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
  }
  CHECK(std::distance(fs::directory_iterator(directory.path()), {}) == 2);
}

TEST_CASE_METHOD(Fixture, "what an interrupted write has left is removed by either") {
  const auto interrupt = [&] { std::ofstream(path("bans.new")) << "part of a"; };
  REQUIRE(bans.save("whole"));
  interrupt();
  CHECK(*bans.load() == "whole");
  CHECK_FALSE(fs::exists(path("bans.new")));
  interrupt();
  REQUIRE(bans.save("new"));
  CHECK(*bans.load() == "new");
  CHECK_FALSE(fs::exists(path("bans.new")));
}

TEST_CASE_METHOD(Fixture, "a state file of the largest size is read, a larger one is an error") {
  const std::string largest(spool::kMaxStateFile, 'x');
  REQUIRE(bans.save(largest));
  CHECK(*bans.load() == largest);
  std::ofstream(path("bans"), std::ios::app) << "x";
  const auto loaded = bans.load();
  REQUIRE_FALSE(loaded);
  CHECK_THAT(loaded.error().reason, Contains("the state bans: File too large"));
}

TEST_CASE_METHOD(Fixture, "what is no file is an error, and nobody waits for a pipe") {
  fs::create_symlink("elsewhere", path("bans"));
  CHECK_FALSE(bans.load());
  fs::remove(path("bans"));
  REQUIRE(::mkfifo(path("bans").c_str(), 0600) == 0);
  CHECK_FALSE(bans.load());
  fs::remove(path("bans"));
  fs::create_directory(path("bans"));
  CHECK_FALSE(bans.load());
  CHECK_FALSE(bans.save("x"));
  CHECK_FALSE(fs::exists(path("bans.new")));
}

TEST_CASE_METHOD(Fixture, "a link in place of the file is replaced and never followed") {
  std::ofstream(path("precious")) << "p";
  fs::create_symlink("precious", path("bans"));
  fs::create_symlink("precious", path("bans.new"));
  REQUIRE(bans.save("new"));
  CHECK(*bans.load() == "new");
  CHECK(fs::file_size(path("precious")) == 1);
}

}  // namespace
