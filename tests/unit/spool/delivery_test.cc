// SPDX-License-Identifier: Apache-2.0
#include "spool/delivery.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

#include "base/unique_fd.h"
#include "support/faulty_file_ops.h"
#include "support/temp_directory.h"

namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains, Catch::Matchers::StartsWith;
using spool::Outcome;

const spool::Mailbox kInfo{"example.org", "info", ""};
const spool::Mailbox kSales{"example.org", "sales", ""};
const spool::Mailbox kJunk{"example.org", "info", "Junk"};

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t entries(const fs::path& path) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(path), fs::directory_iterator()));
}

class Fixture {
 public:
  support::TempDirectory root;
  support::TempDirectory elsewhere;
  fs::path inbox = root.path() / "example.org" / "info";

  spool::Spool open(spool::FileOps& ops = spool::system_file_ops()) {
    spool::Settings settings;
    settings.directory = root.path();
    settings.hostname = "mx/1.example.org";
    base::Result<base::UniqueFd> root_fd = spool::open_root(spool::root_directory(settings));
    REQUIRE(root_fd);
    base::Result<spool::Spool> spool =
        spool::Spool::open(settings, std::move(*root_fd), {kInfo, kSales, kJunk}, ops);
    REQUIRE(spool);
    return std::move(spool).value();
  }

  spool::Job job(const std::string& message, std::vector<spool::Copy> copies) {
    const fs::path path = elsewhere.path() / "message";
    std::ofstream(path, std::ios::binary | std::ios::trunc) << message;
    message_fd_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(message_fd_);
    return {message_fd_.get(), message.size(), std::move(copies)};
  }

 private:
  base::UniqueFd message_fd_;
};

TEST_CASE_METHOD(Fixture, "a delivery is a file in new/ with LF line ends, mode 0600") {
  spool::Spool spool = open();
  const spool::Done done =
      spool.deliver(job("A: b\r\n\r\nText\r\n", {{kInfo, "Return-Path: <>\r\n"}}));
  REQUIRE(done.outcome == Outcome::Durable);
  CHECK(done.reason.empty());
  CHECK(done.possible_duplicates.empty());
  REQUIRE(done.files.size() == 1);
  CHECK(done.files[0].starts_with("example.org/info/new/"));
  CHECK(done.files[0].ends_with(".mx\\0571.example.org,S=27,W=31"));
  const fs::path path = root.path() / done.files[0];
  CHECK(read(path) == "Return-Path: <>\nA: b\n\nText\n");
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777u) == 0600);
  CHECK(entries(inbox / "tmp") == 0);
  CHECK(entries(inbox / "new") == 1);
}

TEST_CASE_METHOD(Fixture, "each mailbox gets its own header above the common trace and message") {
  spool::Spool spool = open();
  spool::Job its_job =
      job("\r\nText\r\n", {{kInfo, "To: 1\r\n"}, {kSales, "To: 2\r\n"}, {kJunk, "To: 3\r\n"}});
  its_job.trace = "Trace: a\r\n b\r\n";
  const spool::Done done = spool.deliver(its_job);
  REQUIRE(done.outcome == Outcome::Durable);
  REQUIRE(done.files.size() == 3);
  CHECK(done.files[2].starts_with("example.org/info/.Junk/new/"));
  for (int i = 0; i < 3; ++i) {
    CHECK(read(root.path() / done.files[static_cast<std::size_t>(i)]) ==
          "To: " + std::to_string(i + 1) + "\nTrace: a\n b\n\nText\n");
  }
}

TEST_CASE_METHOD(Fixture, "messages around the size of a chunk are whole") {
  spool::Spool spool = open();
  for (const std::size_t size : {65535u, 65536u, 65537u, 131072u, 200000u}) {
    INFO(size);
    const std::string line = std::string(size - 3, 'x');
    const spool::Done done = spool.deliver(job(line + "\r\ny", {{kInfo, "H: 1\r\n"}}));
    REQUIRE(done.outcome == Outcome::Durable);
    CHECK(read(root.path() / done.files[0]) == "H: 1\n" + line + "\ny");
    CHECK(done.files[0].ends_with(",S=" + std::to_string(size + 4) +
                                  ",W=" + std::to_string(size + 6)));
  }
}

TEST_CASE_METHOD(Fixture, "only message_size bytes are delivered, from the start") {
  spool::Spool spool = open();
  spool::Job part = job("Text\r\nmore", {{kInfo, ""}});
  part.message_size = 6;
  REQUIRE(::lseek(part.message_fd, 3, SEEK_SET) == 3);
  const spool::Done done = spool.deliver(part);
  REQUIRE(done.outcome == Outcome::Durable);
  CHECK(read(root.path() / done.files[0]) == "Text\n");
}

TEST_CASE_METHOD(Fixture, "a message shorter than promised fails and leaves nothing") {
  spool::Spool spool = open();
  spool::Job too_short = job("Text\r\n", {{kInfo, "H: 1\r\n"}, {kSales, "H: 2\r\n"}});
  too_short.message_size += 1;
  const spool::Done done = spool.deliver(too_short);
  CHECK(done.outcome == Outcome::Failed);
  CHECK(done.reason == "the message is shorter than it was said to be");
  CHECK(done.possible_duplicates.empty());
  CHECK(entries(inbox / "tmp") == 0);
  CHECK(entries(inbox / "new") == 0);
}

TEST_CASE_METHOD(Fixture, "one mailbox that cannot be written spoils all") {
  spool::Spool spool = open();
  fs::remove_all(root.path() / "example.org" / "sales");
  fs::create_directory_symlink(elsewhere.path(), root.path() / "example.org" / "sales");
  const spool::Done done =
      spool.deliver(job("Text\r\n", {{kInfo, "H: 1\r\n"}, {kSales, "H: 2\r\n"}}));
  CHECK(done.outcome == Outcome::Failed);
  CHECK(done.reason == "open directory example.org/sales: Not a directory");
  CHECK(entries(inbox / "tmp") == 0);
  CHECK(entries(inbox / "new") == 0);
  CHECK(entries(elsewhere.path()) == 1);  // the message
}

TEST_CASE_METHOD(Fixture, "deliveries at the same time do not meet") {
  spool::Spool spool = open();
  const spool::Job shared = job("Text\r\n", {{kInfo, "H: 1\r\n"}, {kJunk, "H: 2\r\n"}});
  constexpr int kThreads = 4, kDeliveries = 50;
  std::vector<int> durable(kThreads);
  std::vector<std::thread> threads;
  for (int& mine : durable) {
    threads.emplace_back([&spool, &shared, &mine] {
      for (int i = 0; i < kDeliveries; ++i) {
        if (spool.deliver(shared).outcome == Outcome::Durable) ++mine;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(durable == std::vector<int>(kThreads, kDeliveries));
  CHECK(entries(inbox / "new") == kThreads * kDeliveries);
  CHECK(entries(inbox / ".Junk" / "new") == kThreads * kDeliveries);
  CHECK(entries(inbox / "tmp") == 0);
}

TEST_CASE_METHOD(Fixture, "the sweep removes old files in tmp/ and nothing else") {
  spool::Spool spool = open();
  const base::WallTime now = base::wall_now();
  const auto make = [&](const fs::path& path, std::chrono::minutes age) {
    std::ofstream(path) << "x";
    const timespec time{base::WallTime::clock::to_time_t(now - age), 0};
    const timespec times[] = {time, time};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);
  };
  const std::chrono::minutes limit = std::chrono::hours(36), minute(1);
  make(inbox / "tmp" / "old", limit + minute);
  make(inbox / "tmp" / "young", limit - minute);
  make(inbox / "tmp" / "future", -minute);
  make(inbox / "new" / "old", limit + minute);
  make(inbox / "cur" / "old", limit + minute);
  make(elsewhere.path() / "old", limit + minute);
  fs::create_directory(inbox / "tmp" / "directory");
  fs::last_write_time(inbox / "tmp" / "directory", fs::file_time_type::min());
  fs::create_symlink(elsewhere.path() / "old", inbox / "tmp" / "link");

  const base::Result<unsigned> removed = spool.sweep(kInfo, now);
  REQUIRE(removed);
  CHECK(*removed == 1);
  CHECK_FALSE(fs::exists(inbox / "tmp" / "old"));
  for (const char* kept :
       {"tmp/young", "tmp/future", "tmp/directory", "tmp/link", "new/old", "cur/old"}) {
    CHECK(fs::exists(inbox / kept));
  }
}

TEST_CASE_METHOD(Fixture, "nothing is swept of a folder that is not there, and none is made") {
  spool::Spool spool = open();
  fs::remove_all(inbox / ".Junk");
  const base::Result<unsigned> removed = spool.sweep(kJunk, base::wall_now());
  REQUIRE(removed);
  CHECK(*removed == 0);
  CHECK_FALSE(fs::exists(inbox / ".Junk"));
}

TEST_CASE_METHOD(Fixture, "a large message is collected in a file without a name") {
  spool::Spool spool = open();
  auto file = spool.open_message_file();
  REQUIRE(file);
  CHECK(entries(root.path()) == 1);  // example.org
  const spool::Job part = job("some bytes", {});
  REQUIRE(spool.append(file->appending.get(), part.message_fd, part.message_size));
  REQUIRE(spool.append(file->appending.get(), part.message_fd, 4));

  std::array<char, 32> bytes{};
  CHECK(::pread(file->reading.get(), bytes.data(), bytes.size(), 0) == 14);
  CHECK(std::string(bytes.data()) == "some bytessome");
  CHECK(::pwrite(file->reading.get(), "x", 1, 0) == -1);
  CHECK((::fcntl(file->reading.get(), F_GETFL) & O_ACCMODE) == O_RDONLY);
  const int flags = ::fcntl(file->reading.get(), F_GETFD);
  CHECK((flags & FD_CLOEXEC) != 0);
  struct stat status {};
  REQUIRE(::fstat(file->reading.get(), &status) == 0);
  CHECK(status.st_nlink == 0);
}

TEST_CASE_METHOD(Fixture, "a file for a large message that cannot be opened twice is none") {
  support::FaultyFileOps ops(spool::system_file_ops());
  spool::Spool spool = open(ops);
  for (const unsigned step : {1u, 2u}) {
    ops.arm({{support::Fault::Kind::Fail, step, EMFILE}});
    const auto file = spool.open_message_file();
    REQUIRE_FALSE(file);
    CHECK(file.error().system_error == EMFILE);
  }
}

TEST_CASE_METHOD(Fixture, "free space is known") {
  spool::Spool spool = open();
  const base::Result<std::uint64_t> bytes = spool.free_bytes();
  REQUIRE(bytes);
  const std::uint64_t expected = fs::space(root.path()).available;
  CHECK(*bytes > expected / 2);
  CHECK(*bytes < expected * 2);
}

TEST_CASE_METHOD(Fixture, "a spool that cannot be used is reported with its directory") {
  spool::Settings settings;
  settings.directory = root.path();
  support::FaultyFileOps ops(spool::system_file_ops());
  const auto refusal = [&] {
    base::Result<base::UniqueFd> root_fd = spool::open_root(spool::root_directory(settings));
    REQUIRE(root_fd);
    const base::Result<spool::Spool> spool =
        spool::Spool::open(settings, std::move(*root_fd), {kInfo}, ops);
    REQUIRE_FALSE(spool);
    return spool.error().reason;
  };
  const std::string prefix = "spool directory " + root.path().string() + ": ";

  ops.arm({{support::Fault::Kind::Fail, 1, EACCES}});
  const std::string not_writable = refusal();
  CHECK_THAT(not_writable, StartsWith(prefix + "create a file in it: Permission denied (owner "));
  CHECK_THAT(not_writable, Contains(", mode 0700, used by "));
  CHECK_THAT(not_writable, Contains("); give it to that user: install -d -m 0700 -o "));

  ops.arm({});
  std::ofstream(root.path() / "example.org") << "x";
  CHECK_THAT(refusal(), StartsWith(prefix + "open directory example.org: Not a directory (owner "));
}

}  // namespace
