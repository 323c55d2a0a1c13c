// SPDX-License-Identifier: Apache-2.0
#include "spool/maildirs.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>

#include "support/temp_directory.h"

namespace {

namespace fs = std::filesystem;

const spool::Mailbox kInbox{"example.org", "info", ""};
const spool::Mailbox kJunk{"example.org", "info", "Junk"};

base::UniqueFd open_root(const fs::path& path) {
  return base::UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

unsigned mode(const fs::path& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777u;
}

class Fixture {
 public:
  support::TempDirectory root;
  spool::Maildirs maildirs{spool::system_file_ops(), open_root(root.path())};
  fs::path inbox = root.path() / "example.org" / "info";
};

TEST_CASE_METHOD(Fixture, "an inbox is made with all its directories") {
  REQUIRE(maildirs.make({&kInbox, 1}));
  for (const fs::path& path :
       {inbox.parent_path(), inbox, inbox / "tmp", inbox / "new", inbox / "cur"}) {
    CHECK(fs::is_directory(path));
    CHECK(mode(path) == 0700);
  }
  CHECK_FALSE(fs::exists(inbox / "maildirfolder"));
}

TEST_CASE_METHOD(Fixture, "a folder is made with its mark, and with the inbox above it") {
  REQUIRE(maildirs.make({&kJunk, 1}));
  CHECK(fs::is_directory(inbox / "new"));
  CHECK(fs::is_directory(inbox / ".Junk" / "new"));
  CHECK(fs::is_directory(inbox / ".Junk" / "tmp"));
  CHECK(fs::is_directory(inbox / ".Junk" / "cur"));
  CHECK(mode(inbox / ".Junk") == 0700);
  CHECK(fs::file_size(inbox / ".Junk" / "maildirfolder") == 0);
  CHECK(mode(inbox / ".Junk" / "maildirfolder") == 0600);
}

TEST_CASE_METHOD(Fixture, "what is there stays as it is") {
  fs::create_directories(inbox / "new");
  fs::permissions(inbox, fs::perms::owner_all | fs::perms::group_read);
  REQUIRE(maildirs.make({&kInbox, 1}));
  REQUIRE(maildirs.make({&kInbox, 1}));
  CHECK(mode(inbox) == 0740);
}

TEST_CASE_METHOD(Fixture, "opened are tmp/ and new/") {
  base::Result<spool::Maildir> maildir = maildirs.open(kInbox);
  REQUIRE(maildir);
  REQUIRE(::mkdirat(maildir->tmp_fd.get(), "a", 0700) == 0);
  REQUIRE(::mkdirat(maildir->new_fd.get(), "b", 0700) == 0);
  CHECK(fs::exists(inbox / "tmp" / "a"));
  CHECK(fs::exists(inbox / "new" / "b"));
}

TEST_CASE_METHOD(Fixture, "what somebody removed is made again") {
  for (const spool::Mailbox& mailbox : {kInbox, kJunk}) {
    REQUIRE(maildirs.open(mailbox));
    const fs::path path = root.path() / spool::to_string(spool::directory_path(mailbox));
    for (const fs::path& removed : {path / "tmp", path / "new", path, inbox, inbox.parent_path()}) {
      INFO(removed);
      fs::remove_all(removed);
      CHECK(maildirs.open(mailbox));
      CHECK(fs::is_directory(path / "new"));
    }
  }
}

TEST_CASE_METHOD(Fixture, "no link is followed beneath the root") {
  const support::TempDirectory elsewhere;
  for (const char* name : {"tmp", "new", "cur"}) fs::create_directory(elsewhere.path() / name);
  for (const fs::path& link : {inbox / "new", inbox / "tmp", inbox, inbox.parent_path()}) {
    INFO(link);
    REQUIRE(maildirs.open(kInbox));
    fs::remove_all(link);
    fs::create_directory_symlink(elsewhere.path(), link);
    const base::Result<spool::Maildir> maildir = maildirs.open(kInbox);
    REQUIRE_FALSE(maildir);
    CHECK(maildir.error().system_error == ENOTDIR);
    fs::remove(link);
  }
}

TEST_CASE_METHOD(Fixture, "a file in the way is an error") {
  fs::create_directories(inbox.parent_path());
  REQUIRE(::close(::creat(inbox.c_str(), 0600)) == 0);
  const base::Status made = maildirs.make({&kInbox, 1});
  REQUIRE_FALSE(made);
  CHECK(made.error().reason == "open directory example.org/info: Not a directory");
}

}  // namespace
