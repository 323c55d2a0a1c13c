// SPDX-License-Identifier: Apache-2.0
// Every system call of a state file goes wrong, on real files and with the power cut: the old or
// the new content is there, whole.
#include "spool/state_file.h"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <optional>

#include "support/faulty_file_ops.h"
#include "support/power_cut_disk.h"
#include "support/temp_directory.h"

namespace {

using spool::StateFile, spool::StateKind;
using support::Fault;
using Unsynced = support::PowerCutDisk::Unsynced;

const std::string kOld(100000, 'o');
const std::string kNew(200000, 'n');

// A state file with kOld in it, or none, on any disk.
class Run {
 public:
  Run(spool::FileOps& disk, const char* directory, bool first) : ops_(disk) {
    const int fd = ops_.open_at(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    REQUIRE(fd >= 0);
    file_.emplace(base::share(base::UniqueFd(fd)), StateKind::Bans, ops_);
    if (!first) REQUIRE(file_->save(kOld));
    old_ = first ? "" : kOld;
    ops_.arm({});
  }

  base::Status save(std::vector<Fault> faults) {
    ops_.arm(std::move(faults));
    const base::Status saved = file_->save(kNew);
    calls_ = ops_.calls();
    return saved;
  }
  base::Result<std::string> load(std::vector<Fault> faults) {
    ops_.arm(std::move(faults));
    auto loaded = file_->load();
    calls_ = ops_.calls();
    return loaded;
  }
  const std::vector<std::string>& calls() const { return calls_; }

  // What there is, after the disk has recovered.
  bool holds_old_or_new() {
    const auto loaded = load({});
    return loaded && (*loaded == old_ || *loaded == kNew);
  }
  bool holds_new() {
    const auto loaded = load({});
    return loaded && *loaded == kNew;
  }

 private:
  support::FaultyFileOps ops_;
  std::optional<StateFile> file_;
  std::string old_;
  std::vector<std::string> calls_;
};

struct OnFiles {
  explicit OnFiles(bool first) : run(spool::system_file_ops(), directory.path().c_str(), first) {}
  support::TempDirectory directory;
  Run run;
};

struct OnPowerCutDisk {
  explicit OnPowerCutDisk(bool first) : run(disk, "/state", first) {}
  support::PowerCutDisk disk;
  Run run;
};

bool is_write_fault(Fault::Kind kind) {
  return kind == Fault::Kind::ShortWrite || kind == Fault::Kind::ZeroWrite;
}

// Unlinking what is not there may fail, and a short write is continued.
bool is_survived(const Fault& fault, const std::string& call) {
  if (fault.kind == Fault::Kind::ShortWrite) return true;
  return call == "unlink" && fault.kind != Fault::Kind::FailFrom;
}

// Calls `check(fault, call, first)` for each call of save() and each fault that can hit it.
void at_every_call(const std::function<void(const Fault&, const std::string&, bool)>& check) {
  using Kind = Fault::Kind;
  for (const bool first : {false, true}) {
    OnFiles counting(first);
    REQUIRE(counting.run.save({}));
    const std::vector<std::string> calls = counting.run.calls();
    REQUIRE(calls ==
            std::vector<std::string>{"unlink", "open", "write", "sync", "close", "rename", "sync"});
    for (unsigned step = 1; step <= calls.size(); ++step) {
      const std::string& call = calls[step - 1];
      for (const Kind kind :
           {Kind::Fail, Kind::DoneButFail, Kind::FailFrom, Kind::ShortWrite, Kind::ZeroWrite}) {
        if (is_write_fault(kind) && call != "write") continue;
        if (kind == Kind::DoneButFail && (call == "open" || call == "write")) continue;
        INFO("call " << step << " (" << call << "), kind " << static_cast<int>(kind) << ", first "
                     << first);
        check({kind, step, EIO}, call, first);
      }
    }
  }
}

TEST_CASE("a state file: each call of a write fails in turn") {
  at_every_call([](const Fault& fault, const std::string& call, bool first) {
    OnFiles on(first);
    const bool saved = on.run.save({fault}).ok();
    CHECK(saved == is_survived(fault, call));
    CHECK((saved ? on.run.holds_new() : on.run.holds_old_or_new()));
    CHECK(on.run.save({}));
    CHECK(on.run.holds_new());
    CHECK(std::distance(std::filesystem::directory_iterator(on.directory.path()), {}) == 1);
  });
}

TEST_CASE("a state file: the power is cut at each call of a write, and after it") {
  for (const Unsynced unsynced : {Unsynced::Lost, Unsynced::EntriesKept}) {
    at_every_call([&](const Fault& fault, const std::string&, bool first) {
      OnPowerCutDisk on(first);
      const bool saved = on.run.save({fault}).ok();
      on.disk.cut_power(unsynced);
      CHECK((saved ? on.run.holds_new() : on.run.holds_old_or_new()));
      REQUIRE(on.run.save({}));
      on.disk.cut_power(unsynced);
      CHECK(on.run.holds_new());
    });
  }
}

TEST_CASE("a state file: each call of reading it fails in turn, and changes nothing") {
  OnFiles counting(false);
  REQUIRE(counting.run.load({}));
  const std::vector<std::string> calls = counting.run.calls();
  REQUIRE(calls == std::vector<std::string>{"unlink", "open", "read", "read", "read"});
  for (unsigned step = 1; step <= calls.size(); ++step) {
    INFO("call " << step << " (" << calls[step - 1] << ")");
    OnFiles on(false);
    CHECK(on.run.load({{Fault::Kind::Fail, step, EIO}}).ok() == (calls[step - 1] == "unlink"));
    CHECK(on.run.holds_old_or_new());
  }
}

}  // namespace
