// SPDX-License-Identifier: Apache-2.0
#include "config/file_provider.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/temp_directory.h"

using config::DiskFiles;

namespace {

std::string write_file(const support::TempDirectory& directory, const std::string& name,
                       const std::string& bytes, mode_t mode) {
  const std::string path = directory.path() / name;
  std::ofstream(path, std::ios::binary) << bytes;
  REQUIRE(chmod(path.c_str(), mode) == 0);
  return path;
}

// The rights of files do not bind root; nobody's id is enough for a test of them.
class WithoutRoot {
 public:
  static constexpr uid_t kNobody = 65534;
  WithoutRoot() : changed_(geteuid() == 0) {
    if (changed_) REQUIRE(seteuid(kNobody) == 0);
  }
  ~WithoutRoot() {
    if (changed_ && seteuid(0) != 0) std::abort();
  }
  WithoutRoot(const WithoutRoot&) = delete;
  WithoutRoot& operator=(const WithoutRoot&) = delete;

 private:
  bool changed_;
};

}  // namespace

TEST_CASE("a file is read whole, with its mode and owner") {
  const support::TempDirectory directory;
  const std::string bytes = std::string("a\0b\r\n", 5) + std::string(200'000, 'x');
  const auto content = DiskFiles().read(write_file(directory, "f", bytes, 0604));
  REQUIRE(content);
  CHECK(content->bytes == bytes);
  CHECK(content->mode == 0604);
  CHECK(content->owner == geteuid());
}

TEST_CASE("the largest file is read, one byte more is refused") {
  const support::TempDirectory directory;
  const auto path = write_file(directory, "f", "", 0600);
  std::filesystem::resize_file(path, DiskFiles::kMaxFileSize);
  CHECK(DiskFiles().read(path).ok());
  std::filesystem::resize_file(path, DiskFiles::kMaxFileSize + 1);
  const auto content = DiskFiles().read(path);
  REQUIRE_FALSE(content);
  CHECK(content.error().reason == "cannot read " + path + ": it is larger than 16 MiB");
}

TEST_CASE("a file that is not there") {
  const auto content = DiskFiles().read("/nonexistent/postern.conf");
  REQUIRE_FALSE(content);
  CHECK(content.error().system_error == ENOENT);
  CHECK(content.error().reason ==
        "cannot read /nonexistent/postern.conf: No such file or directory; create it, or correct "
        "the path");
}

TEST_CASE("only regular files are read, and nothing waits") {
  const support::TempDirectory directory;
  const std::string fifo = directory.path() / "fifo";
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  for (const std::string& path : {directory.path().string(), fifo, std::string("/dev/zero")}) {
    INFO(path);
    const auto content = DiskFiles().read(path);
    REQUIRE_FALSE(content);
    CHECK(content.error().reason == "cannot read " + path + ": it is not a regular file");
  }
}

TEST_CASE("a denial names user, mode and cure") {
  const support::TempDirectory directory;
  REQUIRE(chmod(directory.path().c_str(), 0755) == 0);
  const auto path = write_file(directory, "key.pem", "k", 0000);
  const WithoutRoot unprivileged;
  const auto content = DiskFiles().read(path);
  REQUIRE_FALSE(content);
  CHECK(content.error().system_error == EACCES);
  const std::string& reason = content.error().reason;
  CHECK_THAT(reason, Catch::StartsWith("cannot read " + path + ": Permission denied as user "));
  CHECK_THAT(reason, Catch::Contains("; " + path + " has mode 0000, owner "));
  CHECK_THAT(reason, Catch::EndsWith(": chgrp it to a group of that user and chmod 0640"));
}

TEST_CASE("a directory that may not be entered is named") {
  const support::TempDirectory directory;
  const auto path = write_file(directory, "key.pem", "k", 0644);
  REQUIRE(chmod(directory.path().c_str(), 0000) == 0);
  std::string reason;
  {
    const WithoutRoot unprivileged;
    const auto content = DiskFiles().read(path);
    REQUIRE_FALSE(content);
    reason = content.error().reason;
  }
  REQUIRE(chmod(directory.path().c_str(), 0700) == 0);
  CHECK_THAT(reason, Catch::Contains("; " + directory.path().string() + " has mode 0000, owner "));
  CHECK_THAT(reason, Catch::EndsWith(": let that user enter it, or move the file"));
}

TEST_CASE("permission bits as chmod takes them") {
  CHECK(config::octal(0640) == "0640");
  CHECK(config::octal(0) == "0000");
  CHECK(config::octal(04755) == "0755");
}
