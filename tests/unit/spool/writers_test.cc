// SPDX-License-Identifier: Apache-2.0
#include "spool/writers.h"

#include <fcntl.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <future>
#include <latch>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "support/faulty_file_ops.h"
#include "support/temp_directory.h"

namespace {

namespace fs = std::filesystem;
using spool::Outcome;

const spool::Mailbox kInfo{"example.org", "info", ""};

class Fixture {
 public:
  support::TempDirectory root;
  support::TempDirectory elsewhere;
  base::UniqueFd message_fd;
  std::atomic<unsigned> durable{0}, failed{0};

  Fixture() {
    std::ofstream(elsewhere.path() / "m") << "Text\r\n";
    message_fd.reset(::open((elsewhere.path() / "m").c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(message_fd);
  }

  spool::Spool open(spool::FileOps& ops = spool::system_file_ops()) {
    spool::Settings settings;
    settings.directory = root.path();
    settings.hostname = "mx.example.org";
    base::Result<base::UniqueFd> root_fd = spool::open_root(spool::root_directory(settings));
    REQUIRE(root_fd);
    base::Result<spool::Spool> spool =
        spool::Spool::open(settings, std::move(*root_fd), {kInfo}, ops);
    REQUIRE(spool);
    return std::move(spool).value();
  }

  spool::Job job() { return {message_fd.get(), 6, {{kInfo, "H: 1\r\n"}}}; }

  void count(const spool::Done& done) { ++(done.outcome == Outcome::Durable ? durable : failed); }

  std::ptrdiff_t stored() const {
    return std::distance(fs::directory_iterator(root.path() / "example.org/info/new"),
                         fs::directory_iterator());
  }
};

TEST_CASE_METHOD(Fixture, "the destructor finishes what many threads submitted") {
  spool::Spool spool = open();
  {
    spool::Writers writers(spool, 4);
    std::vector<std::thread> submitters;
    for (int i = 0; i < 4; ++i) {
      submitters.emplace_back([&] {
        for (int n = 0; n < 50; ++n) {
          writers.submit(job(), [this](const spool::Done& done) { count(done); });
        }
      });
    }
    for (std::thread& submitter : submitters) submitter.join();
  }
  CHECK(durable == 200);
  CHECK(failed == 0);
  CHECK(stored() == 200);
}

TEST_CASE_METHOD(Fixture, "done is called in a writer thread, submit does not wait") {
  spool::Spool spool = open();
  std::promise<void> release;  // promises outlive the threads that use them
  std::promise<std::thread::id> called_in;
  spool::Writers writers(spool, 1);
  std::shared_future<void> released = release.get_future().share();
  writers.submit(job(), [&, released](const spool::Done&) {
    released.wait();
    called_in.set_value(std::this_thread::get_id());
  });
  writers.submit(job(), [this](const spool::Done& done) { count(done); });
  CHECK(durable == 0);  // the only writer is held
  release.set_value();
  CHECK(called_in.get_future().get() != std::this_thread::get_id());
}

TEST_CASE_METHOD(Fixture, "a full queue refuses at once") {
  spool::Spool spool = open();
  std::string reason;
  std::promise<void> running, release;
  {
    spool::Writers writers(spool, 1);
    std::shared_future<void> released = release.get_future().share();
    writers.submit(job(), [&, released](const spool::Done&) {
      running.set_value();
      released.wait();
    });
    running.get_future().wait();
    spool::Job broken = job();
    broken.message_size = 7;  // fails fast
    for (std::size_t i = 0; i < spool::Writers::kMaxQueued; ++i) {
      writers.submit(broken, [this](const spool::Done& done) { count(done); });
    }
    CHECK(failed == 0);
    writers.submit(job(), [&](const spool::Done& done) {
      CHECK(done.outcome == Outcome::Failed);
      reason = done.reason;
    });
    CHECK(reason == "the queue of the writers is full");
    release.set_value();
  }
  CHECK(failed == spool::Writers::kMaxQueued);
}

// The threads that so many tasks ran in, one after the other.
std::set<std::thread::id> threads_of(spool::Writers& writers, int tasks) {
  std::set<std::thread::id> threads;
  for (int i = 0; i < tasks; ++i) {
    const auto ran_in = std::make_shared<std::promise<std::thread::id>>();
    REQUIRE(writers.run([ran_in] { ran_in->set_value(std::this_thread::get_id()); }));
    threads.insert(ran_in->get_future().get());
  }
  return threads;
}

// Returns when so many tasks have run at the same time.
void meet(spool::Writers& writers, int tasks) {
  const auto all = std::make_shared<std::latch>(tasks + 1);
  for (int i = 0; i < tasks; ++i) REQUIRE(writers.run([all] { all->arrive_and_wait(); }));
  all->arrive_and_wait();
}

// A thread that has never worked has not touched its memory.
TEST_CASE_METHOD(Fixture, "as many threads work as are active, always the same") {
  spool::Spool spool = open();
  spool::Writers writers(spool, 2, 32);
  const auto first = threads_of(writers, 200);
  CHECK(first.size() <= 2);
  meet(writers, 2);
  writers.set_active(8);
  meet(writers, 8);
  CHECK(threads_of(writers, 200).size() <= 8);
  writers.set_active(1);
  meet(writers, 1);
  CHECK(threads_of(writers, 50).size() == 1);
}

TEST_CASE_METHOD(Fixture, "how long the oldest work is at it, and how much waits") {
  spool::Spool spool = open();
  std::promise<void> running, release;
  spool::Writers writers(spool, 1);
  CHECK(writers.standing(base::now()).longest == base::Duration{0});
  const base::Instant before = base::now();
  REQUIRE(writers.run([&, released = release.get_future().share()] {
    running.set_value();
    released.wait();
  }));
  running.get_future().wait();
  const base::Instant begun = base::now();
  std::promise<void> done;
  REQUIRE(writers.run([&] { done.set_value(); }));
  const auto standing = writers.standing(begun + std::chrono::hours(1));
  CHECK(standing.longest >= std::chrono::hours(1));
  CHECK(standing.longest <= begun + std::chrono::hours(1) - before);
  CHECK(standing.waiting == 1);
  release.set_value();
  done.get_future().wait();
  CHECK(writers.standing(base::now()).waiting == 0);
}

TEST_CASE_METHOD(Fixture, "free space is known from the start and 0 when it cannot be measured") {
  support::FaultyFileOps ops(spool::system_file_ops());
  spool::Spool spool = open(ops);
  CHECK(spool::Writers(spool, 1).free_bytes() > 0);
  ops.arm({{support::Fault::Kind::FailFrom, 1, EIO}});
  const spool::Writers writers(spool, 1);
  CHECK(writers.free_bytes() == 0);
  CHECK(writers.standing(base::now()).space_error.ends_with("Input/output error"));
}

// A disk whose free space the test sets; everything else is real.
class MeasuredOps final : public spool::FileOps {
 public:
  std::atomic<std::uint64_t> free{1000};

  int free_bytes(int, std::uint64_t& bytes) override {
    bytes = free;
    return 0;
  }
  int open_at(int directory, const char* path, int flags, mode_t mode) override {
    return real_.open_at(directory, path, flags, mode);
  }
  ssize_t read_at(int fd, void* buffer, std::size_t size, std::uint64_t offset) override {
    return real_.read_at(fd, buffer, size, offset);
  }
  ssize_t write(int fd, const void* bytes, std::size_t size) override {
    return real_.write(fd, bytes, size);
  }
  int sync(int fd) override { return real_.sync(fd); }
  int close(int fd) override { return real_.close(fd); }
  int make_directory_at(int directory, const char* path, mode_t mode) override {
    return real_.make_directory_at(directory, path, mode);
  }
  int rename_no_replace_at(int from, const char* old_path, int to, const char* new_path) override {
    return real_.rename_no_replace_at(from, old_path, to, new_path);
  }
  int rename_at(int from, const char* old_path, int to, const char* new_path) override {
    return real_.rename_at(from, old_path, to, new_path);
  }
  int unlink_at(int directory, const char* path) override {
    return real_.unlink_at(directory, path);
  }
  int status_at(int directory, const char* path, struct stat& status) override {
    return real_.status_at(directory, path, status);
  }
  int list(int directory, std::vector<std::string>& names) override {
    return real_.list(directory, names);
  }

 private:
  spool::FileOps& real_ = spool::system_file_ops();
};

// Until the measurement shows `expected`; false when it does not within `patience`.
bool measured(const spool::Writers& writers, std::uint64_t expected, base::Duration patience) {
  const base::Instant end = base::now() + patience;
  while (writers.free_bytes() != expected) {
    if (base::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

TEST_CASE_METHOD(Fixture, "free space is measured again after a delivery, and with time") {
  MeasuredOps ops;
  spool::Spool spool = open(ops);
  spool::Writers writers(spool, 1);
  CHECK(writers.free_bytes() == 1000);
  ops.free = 900;
  writers.submit(job(), [this](const spool::Done& done) { count(done); });
  CHECK(measured(writers, 900, std::chrono::seconds(10)));
  ops.free = 800;
  CHECK(measured(writers, 800, std::chrono::seconds(10)));
}

}  // namespace
