// SPDX-License-Identifier: Apache-2.0
// Every system call of a delivery to three mailboxes goes wrong, on real files.
#include <fcntl.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/unique_fd.h"
#include "support/faulty_file_ops.h"
#include "support/temp_directory.h"
#include "three_mailboxes.h"

namespace {

namespace fs = std::filesystem;
using spool::Outcome;
using support::Fault;

// What is shown here does not need a disk, and thousands of fsyncs would be slow on one.
fs::path fast_directory() {
  return fs::is_directory("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
}

std::string read(const fs::path& path) {
  std::string bytes(fs::file_size(path), '\0');
  std::ifstream(path, std::ios::binary).read(bytes.data(), std::ssize(bytes));
  return bytes;
}

three_mailboxes::Tree read_tree(const fs::path& root) {
  three_mailboxes::Tree tree;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (!entry.is_directory()) tree[fs::relative(entry.path(), root)] = read(entry.path());
  }
  return tree;
}

// A spool of its own for each run.
class Run {
 public:
  explicit Run(bool mailboxes_removed) : spool_(three_mailboxes::open_spool(root_.path(), ops_)) {
    REQUIRE(spool_);
    std::ofstream(message_.path() / "m", std::ios::binary) << three_mailboxes::message();
    message_fd_ = base::UniqueFd(::open((message_.path() / "m").c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(message_fd_);
    if (mailboxes_removed) fs::remove_all(root_.path() / "example.org");
  }

  spool::Done deliver(std::vector<Fault> faults) {
    ops_.arm(std::move(faults));
    return spool_->deliver(three_mailboxes::job(message_fd_.get()));
  }
  three_mailboxes::Tree tree() const { return read_tree(root_.path()); }
  const std::vector<std::string>& calls() const { return ops_.calls(); }

 private:
  support::TempDirectory root_{fast_directory()};
  support::TempDirectory message_{fast_directory()};
  support::FaultyFileOps ops_{spool::system_file_ops()};
  base::Result<spool::Spool> spool_;
  base::UniqueFd message_fd_;
};

std::vector<std::string> calls_without_fault(bool mailboxes_removed) {
  Run run(mailboxes_removed);
  REQUIRE(run.deliver({}).outcome == Outcome::Durable);
  return run.calls();
}

Outcome failure(int error) {
  return error == ENOSPC || error == EDQUOT ? Outcome::Full : Outcome::Failed;
}

// Whether a fault of this kind changes anything at that call.
bool matters(Fault::Kind kind, const std::string& call) {
  switch (kind) {
    case Fault::Kind::Fail:
    case Fault::Kind::FailFrom:
      return true;
    case Fault::Kind::DoneButFail:
      return call != "open" && call != "read" && call != "write";
    case Fault::Kind::ShortWrite:
    case Fault::Kind::ZeroWrite:
      return call == "write";
  }
  return false;
}

Outcome expected_outcome(const Fault& fault) {
  if (fault.kind == Fault::Kind::ShortWrite) return Outcome::Durable;
  return failure(fault.error);
}

// One fault that leaves the disk usable: all must be undone.
void check_undone(const three_mailboxes::Tree& tree, const spool::Done& done, bool in_doubt) {
  CHECK(three_mailboxes::paths_in(tree, "tmp").empty());
  if (done.outcome == Outcome::Durable) return;
  CHECK(three_mailboxes::paths_in(tree, "new").empty());
  CHECK(done.possible_duplicates.size() == (in_doubt ? 1u : 0u));
}

// The fsync of a new/ with a mail in it: when it fails, no later one proves anything.
bool syncs_new(const std::vector<std::string>& calls, unsigned step) {
  const auto at = calls.begin() + (step - 1);
  return *at == "sync" && std::find(calls.begin(), at, "rename") != at;
}

void check_one(const Fault& fault, const std::vector<std::string>& calls, bool mailboxes_removed) {
  INFO("kind " << static_cast<int>(fault.kind) << ", call " << fault.step << " ("
               << calls[fault.step - 1] << "), errno " << fault.error << ", removed "
               << mailboxes_removed);
  Run run(mailboxes_removed);
  const spool::Done done = run.deliver({fault});
  const three_mailboxes::Tree tree = run.tree();
  CHECK(done.outcome == expected_outcome(fault));
  CHECK(three_mailboxes::illegal(tree) == "");
  CHECK(three_mailboxes::dishonest(tree, done) == "");
  if (fault.kind != Fault::Kind::FailFrom) check_undone(tree, done, syncs_new(calls, fault.step));

  const spool::Done next = run.deliver({});
  CHECK(next.outcome == Outcome::Durable);
  CHECK(three_mailboxes::lost(run.tree(), next) == "");
}

void check_at_every_call(Fault::Kind kind, const std::vector<int>& errors) {
  for (const bool removed : {false, true}) {
    const std::vector<std::string> calls = calls_without_fault(removed);
    REQUIRE(calls.size() > 30);
    for (unsigned step = 1; step <= calls.size(); ++step) {
      if (!matters(kind, calls[step - 1])) continue;
      for (const int error : errors) check_one({kind, step, error}, calls, removed);
    }
  }
}

TEST_CASE("each call fails in turn") {
  check_at_every_call(Fault::Kind::Fail, {ENOSPC, EIO, EDQUOT, EMFILE, EACCES, EROFS});
}

TEST_CASE("each call is done but reports failure") {
  check_at_every_call(Fault::Kind::DoneButFail, {ENOSPC, EIO});
}

TEST_CASE("each write is cut short") { check_at_every_call(Fault::Kind::ShortWrite, {0}); }

TEST_CASE("each write takes nothing") { check_at_every_call(Fault::Kind::ZeroWrite, {EIO}); }

// Also the death of the process at that call: what is on the disk is the same.
// As a clock that jumps by two days has the sweep do.
TEST_CASE("what is swept from under a delivery makes it fail, and leaves nothing of it") {
  const std::vector<std::string> calls = calls_without_fault(false);
  for (unsigned step = 1; step <= calls.size(); ++step)
    if (calls[step - 1] == "rename") check_one({Fault::Kind::Fail, step, ENOENT}, calls, false);
}

TEST_CASE("from each call on the disk is dead") {
  check_at_every_call(Fault::Kind::FailFrom, {EIO});
}

TEST_CASE("a name in use is tried again, but not for ever") {
  const std::vector<std::string> calls = calls_without_fault(false);
  const auto rename = std::ranges::find(calls, "rename") - calls.begin() + 1;
  const auto create = std::ranges::find(calls, "read") - calls.begin();  // the open before it
  for (const auto first : {create, rename}) {
    for (const unsigned times : {1u, 7u, 8u}) {
      std::vector<Fault> faults;
      for (unsigned i = 0; i < times; ++i) {
        faults.push_back({Fault::Kind::Fail, static_cast<unsigned>(first) + i, EEXIST});
      }
      INFO("call " << first << " fails " << times << " times");
      Run run(false);
      const spool::Done done = run.deliver(faults);
      CHECK(done.outcome == (times < 8 ? Outcome::Durable : Outcome::Failed));
      CHECK(three_mailboxes::dishonest(run.tree(), done) == "");
      check_undone(run.tree(), done, false);
    }
  }
}

}  // namespace
