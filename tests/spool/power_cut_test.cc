// SPDX-License-Identifier: Apache-2.0
// The power fails, or the process dies, at every call: what was acknowledged is there afterwards.
#include <catch2/catch.hpp>
#include <cerrno>

#include "support/faulty_file_ops.h"
#include "support/power_cut_disk.h"
#include "three_mailboxes.h"

namespace {

using spool::Outcome;
using support::Fault;
using support::PowerCutDisk;
using Unsynced = PowerCutDisk::Unsynced;

class Run {
 public:
  explicit Run(bool mailboxes_removed) {
    restart();
    if (mailboxes_removed) disk_.remove_tree("example.org");
  }
  ~Run() { disk_.close(message_fd_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  spool::Done deliver(std::vector<Fault> faults) {
    ops_.arm(std::move(faults));
    return spool_->deliver(three_mailboxes::job(message_fd_));
  }
  void cut_power(Unsynced unsynced) { disk_.cut_power(unsynced); }
  void restart() {
    ops_.arm({});
    spool_ = three_mailboxes::open_spool("/spool", ops_);
    REQUIRE(spool_);
  }
  three_mailboxes::Tree tree() const { return disk_.files(); }
  std::size_t calls() const { return ops_.calls().size(); }

 private:
  PowerCutDisk disk_;
  support::FaultyFileOps ops_{disk_};
  int message_fd_ = disk_.open_message(three_mailboxes::message());
  base::Result<spool::Spool> spool_ = base::Error::temporary("not open");
};

// A delivery without a fault survives a power cut right after its report.
void check_next_delivery_lasts(Run& run) {
  const spool::Done done = run.deliver({});
  REQUIRE(done.outcome == Outcome::Durable);
  run.cut_power(Unsynced::Lost);
  CHECK(three_mailboxes::lost(run.tree(), done) == "");
}

unsigned calls_without_fault(bool mailboxes_removed) {
  Run run(mailboxes_removed);
  REQUIRE(run.deliver({}).outcome == Outcome::Durable);
  return static_cast<unsigned>(run.calls());
}

// Calls `check(faults, removed, unsynced)` with the calls of a delivery counted from 1; the last
// step lies behind the report.
template <class Check>
void at_every_call(Check check) {
  for (const bool removed : {false, true}) {
    const unsigned calls = calls_without_fault(removed);
    for (unsigned step = 1; step <= calls + 1; ++step) {
      for (const Unsynced unsynced : {Unsynced::Lost, Unsynced::EntriesKept}) {
        INFO("call " << step << " of " << calls << ", removed " << removed << ", kept "
                     << (unsynced == Unsynced::EntriesKept));
        check(step, removed, unsynced);
      }
    }
  }
}

TEST_CASE("a durable delivery survives a power cut at once after the report") {
  for (const Unsynced unsynced : {Unsynced::Lost, Unsynced::EntriesKept}) {
    Run run(false);
    const spool::Done done = run.deliver({});
    REQUIRE(done.outcome == Outcome::Durable);
    run.cut_power(unsynced);
    CHECK(three_mailboxes::lost(run.tree(), done) == "");
  }
}

TEST_CASE("power is cut at each call") {
  at_every_call([](unsigned step, bool removed, Unsynced unsynced) {
    Run run(removed);
    const spool::Done done = run.deliver({{Fault::Kind::FailFrom, step, EIO}});
    run.cut_power(unsynced);
    CHECK(three_mailboxes::illegal(run.tree()) == "");
    if (done.outcome == Outcome::Durable) CHECK(three_mailboxes::lost(run.tree(), done) == "");
    run.restart();
    check_next_delivery_lasts(run);
  });
}

TEST_CASE("the process dies at each call, and the power is cut after the next delivery") {
  at_every_call([](unsigned step, bool removed, Unsynced) {
    Run run(removed);
    run.deliver({{Fault::Kind::FailFrom, step, EIO}});
    CHECK(three_mailboxes::illegal(run.tree()) == "");
    run.restart();
    check_next_delivery_lasts(run);
  });
}

TEST_CASE("what a failed delivery undid stays undone after a power cut, or is reported") {
  for (const Fault::Kind kind : {Fault::Kind::Fail, Fault::Kind::DoneButFail}) {
    at_every_call([kind](unsigned step, bool removed, Unsynced unsynced) {
      Run run(removed);
      const spool::Done done = run.deliver({{kind, step, EIO}});
      run.cut_power(unsynced);
      CHECK(three_mailboxes::illegal(run.tree()) == "");
      if (done.outcome == Outcome::Durable) {
        CHECK(three_mailboxes::lost(run.tree(), done) == "");
      } else {
        CHECK(three_mailboxes::dishonest(run.tree(), done) == "");
      }
    });
  }
}

TEST_CASE("a delivery after a failed one on the same spool survives a power cut") {
  for (const Fault::Kind kind : {Fault::Kind::Fail, Fault::Kind::FailFrom}) {
    at_every_call([kind](unsigned step, bool removed, Unsynced) {
      Run run(removed);
      run.deliver({{kind, step, EIO}});
      check_next_delivery_lasts(run);
    });
  }
}

TEST_CASE("a second fault while a failed delivery is undone") {
  at_every_call([](unsigned step, bool removed, Unsynced unsynced) {
    for (unsigned second = step + 1; second <= step + 9; ++second) {
      INFO("second fault at " << second);
      Run run(removed);
      const spool::Done done =
          run.deliver({{Fault::Kind::Fail, step, EIO}, {Fault::Kind::Fail, second, EIO}});
      CHECK(three_mailboxes::dishonest(run.tree(), done) == "");
      run.cut_power(unsynced);
      CHECK(three_mailboxes::illegal(run.tree()) == "");
      if (done.outcome != Outcome::Durable) {
        CHECK(three_mailboxes::dishonest(run.tree(), done) == "");
      }
    }
  });
}

TEST_CASE("the process dies at each call of Spool::open") {
  PowerCutDisk probe;
  support::FaultyFileOps counter(probe);
  REQUIRE(three_mailboxes::open_spool("/spool", counter));
  const unsigned calls = static_cast<unsigned>(counter.calls().size());
  REQUIRE(calls > 20);
  for (unsigned step = 1; step <= calls; ++step) {
    INFO("call " << step << " of " << calls);
    PowerCutDisk disk;
    support::FaultyFileOps ops(disk);
    ops.arm({{Fault::Kind::FailFrom, step, EIO}});
    CHECK_FALSE(three_mailboxes::open_spool("/spool", ops));
    ops.arm({});
    base::Result<spool::Spool> spool = three_mailboxes::open_spool("/spool", ops);
    REQUIRE(spool);
    const int message_fd = disk.open_message(three_mailboxes::message());
    const spool::Done done = spool->deliver(three_mailboxes::job(message_fd));
    disk.close(message_fd);
    REQUIRE(done.outcome == Outcome::Durable);
    disk.cut_power(Unsynced::Lost);
    three_mailboxes::Tree tree = disk.files();
    std::erase_if(tree, [](const auto& file) { return file.first.starts_with("."); });  // probe
    CHECK(three_mailboxes::lost(tree, done) == "");
  }
}

}  // namespace
