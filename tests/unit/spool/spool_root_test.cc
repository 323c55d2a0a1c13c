// SPDX-License-Identifier: Apache-2.0
#include "spool/spool_root.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "support/faulty_file_ops.h"
#include "support/temp_directory.h"

namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains, Catch::Matchers::EndsWith, Catch::Matchers::StartsWith;

spool::RootDirectory at(const fs::path& path) { return {"spool", path}; }

class Fixture {
 public:
  support::TempDirectory directory;

  // Opening and checking refuse alike.
  std::string refusal(const fs::path& path) {
    const base::Result<base::UniqueFd> root = spool::open_root(at(path));
    REQUIRE_FALSE(root);
    CHECK(root.error().kind == base::Error::Kind::Permanent);
    CHECK_THAT(root.error().reason, StartsWith("spool directory " + path.string() + ": "));
    CHECK_THAT(root.error().reason, Contains("used by "));
    const base::Status checked = spool::check_root(at(path), "");
    REQUIRE_FALSE(checked);
    CHECK(checked.error().reason == root.error().reason);
    return root.error().reason;
  }
};

TEST_CASE_METHOD(Fixture, "a good root is opened, and checked without a change") {
  CHECK(spool::open_root(at(directory.path())));
  CHECK(spool::check_root(at(directory.path()), ""));
  CHECK(fs::is_empty(directory.path()));
}

TEST_CASE_METHOD(Fixture, "the root itself may be reached by a link") {
  const fs::path link = directory.path() / "link";
  fs::create_directory(directory.path() / "real");
  fs::create_directory_symlink("real", link);
  CHECK(spool::open_root(at(link)));
}

TEST_CASE_METHOD(Fixture, "a missing root: the cure makes it") {
  const std::string path = directory.path() / "missing";
  const std::string reason = refusal(path);
  CHECK_THAT(reason, Contains("No such file or directory"));
  CHECK_THAT(reason, Contains("; create it: install -d -m 0700 -o "));
  CHECK_THAT(reason, EndsWith(path));
}

TEST_CASE_METHOD(Fixture, "a file is not a root") {
  const fs::path path = directory.path() / "file";
  std::ofstream(path) << "x";
  CHECK_THAT(refusal(path), Contains("Not a directory"));
}

TEST_CASE_METHOD(Fixture, "a root that everybody may write to is refused, with its mode") {
  fs::permissions(directory.path(), fs::perms::others_write, fs::perm_options::add);
  const std::string reason = refusal(directory.path());
  CHECK_THAT(reason, Contains("everybody may write to it"));
  CHECK_THAT(reason, Contains("mode 0702"));
  CHECK_THAT(reason, Contains("install -d -m 0700"));
}

TEST_CASE_METHOD(Fixture, "a root that the later user may not write to") {
  if (::geteuid() == 0) {  // only then is there a later user
    const base::Status checked = spool::check_root(at(directory.path()), "nobody");
    REQUIRE_FALSE(checked);
    CHECK_THAT(checked.error().reason, Contains(": not writable (owner root (uid 0), mode 0700, "));
    CHECK_THAT(checked.error().reason, Contains("used by nobody (uid "));
    CHECK_THAT(checked.error().reason, Contains("install -d -m 0700 -o nobody -g nogroup "));
    const passwd* nobody = ::getpwnam("nobody");
    REQUIRE(nobody != nullptr);
    REQUIRE(::chown(directory.path().c_str(), nobody->pw_uid, 0) == 0);
    CHECK(spool::check_root(at(directory.path()), "nobody"));
    fs::permissions(directory.path(), fs::perms::owner_read | fs::perms::owner_exec);
    CHECK_FALSE(spool::check_root(at(directory.path()), "nobody"));
    CHECK_FALSE(spool::check_root(at(directory.path()), "no-such-user"));
  } else {
    fs::permissions(directory.path(), fs::perms::owner_read | fs::perms::owner_exec);
    const base::Status checked = spool::check_root(at(directory.path()), "");
    REQUIRE_FALSE(checked);
    CHECK_THAT(checked.error().reason, Contains(": not writable (owner "));
  }
}

TEST_CASE_METHOD(Fixture, "a root is made for its user, and what is there stays") {
  const fs::path path = directory.path() / "state";
  const char* user = ::geteuid() == 0 ? "nobody" : "";  // only root gives it to somebody else
  REQUIRE(spool::make_root({"state", path}, user));
  CHECK(spool::check_root({"state", path}, user));
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0700);

  std::ofstream(path / "bans") << "x";
  REQUIRE(spool::make_root({"state", path}, user));
  CHECK(fs::file_size(path / "bans") == 1);
}

TEST_CASE_METHOD(Fixture, "a root is made in no other directory than one that is there") {
  const fs::path path = directory.path() / "missing" / "state";
  const base::Status made = spool::make_root({"state", path}, "");
  REQUIRE_FALSE(made);
  CHECK_THAT(made.error().reason, StartsWith("state directory " + path.string() + ": create: "));
  CHECK_THAT(made.error().reason, EndsWith(path.string()));
  CHECK(fs::is_empty(directory.path()));
}

TEST_CASE_METHOD(Fixture, "a root in which nothing can be created, renamed or removed") {
  support::FaultyFileOps ops{spool::system_file_ops()};
  const base::Result<base::UniqueFd> root = spool::open_root(at(directory.path()));
  REQUIRE(root);
  struct Case {
    unsigned step;  // calls: open, close, rename, unlink
    int error;
    std::string reason, cure;
  };
  const Case cases[] = {
      {1, EACCES, "create a file in it: Permission denied", "give it to that user: install -d"},
      {1, EROFS, "create a file in it: Read-only file system", "mount it writable"},
      {1, ENOSPC, "create a file in it: No space left on device", "free some space"},
      {3, EINVAL, "rename a file in it: Invalid argument", "RENAME_NOREPLACE"},
      {4, EIO, "remove a file in it: Input/output error", "the kernel's log"},
  };
  for (const Case& c : cases) {
    ops.arm({{support::Fault::Kind::Fail, c.step, c.error}});
    const base::Status probed = spool::probe_root(ops, root->get());
    REQUIRE_FALSE(probed);
    CHECK(probed.error().reason == c.reason);
    const base::Error told = spool::explain_root_error(ops, at(directory.path()), probed.error());
    CHECK_THAT(told.reason, Contains(c.reason));
    CHECK_THAT(told.reason, Contains(c.cure));
  }
}

TEST_CASE_METHOD(Fixture, "the probe leaves nothing") {
  const base::Result<base::UniqueFd> root = spool::open_root(at(directory.path()));
  REQUIRE(root);
  CHECK(spool::probe_root(spool::system_file_ops(), root->get()));
  CHECK(fs::is_empty(directory.path()));
}

}  // namespace
