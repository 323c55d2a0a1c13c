// SPDX-License-Identifier: Apache-2.0
// FileOps that passes calls on, counts them from 1, and lets chosen ones go wrong.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "spool/file_ops.h"

namespace support {

struct Fault {
  enum class Kind {
    Fail,         // call `step` does nothing and fails
    DoneButFail,  // call `step` is done, and fails all the same (not open, read and write)
    FailFrom,    // call `step` and all later ones do nothing and fail: a dying disk, a dead process
    ShortWrite,  // call `step`, if a write, takes half
    ZeroWrite,   // call `step`, if a write, takes nothing and reports no error
  };
  Kind kind = Kind::Fail;
  unsigned step = 0;
  int error = 0;  // errno
};

class FaultyFileOps final : public spool::FileOps {
 public:
  explicit FaultyFileOps(spool::FileOps& below) : below_(below) {}

  // Counting starts again.
  void arm(std::vector<Fault> faults) {
    faults_ = std::move(faults);
    calls_.clear();
  }
  const std::vector<std::string>& calls() const { return calls_; }  // names of the calls so far

  int open_at(int directory, const char* path, int flags, mode_t mode) override {
    if (const int error = next("open")) return -error;
    return below_.open_at(directory, path, flags, mode);
  }
  ssize_t read_at(int fd, void* buffer, std::size_t size, std::uint64_t offset) override {
    if (const int error = next("read")) return -error;
    return below_.read_at(fd, buffer, size, offset);
  }
  ssize_t write(int fd, const void* bytes, std::size_t size) override {
    if (const int error = next("write")) return -error;
    if (hit(Fault::Kind::ZeroWrite) != nullptr) return 0;
    const bool half = hit(Fault::Kind::ShortWrite) != nullptr;
    return below_.write(fd, bytes, half ? (size + 1) / 2 : size);
  }
  int sync(int fd) override {
    return run("sync", [&] { return below_.sync(fd); });
  }
  // A descriptor is free after close() whatever close() says.
  int close(int fd) override {
    const int error = next("close");
    const int result = below_.close(fd);
    return error != 0 ? -error : done_but_failed(result);
  }
  int make_directory_at(int directory, const char* path, mode_t mode) override {
    return run("mkdir", [&] { return below_.make_directory_at(directory, path, mode); });
  }
  int rename_no_replace_at(int from, const char* old_path, int to, const char* new_path) override {
    return run("rename", [&] { return below_.rename_no_replace_at(from, old_path, to, new_path); });
  }
  int rename_at(int from, const char* old_path, int to, const char* new_path) override {
    return run("rename", [&] { return below_.rename_at(from, old_path, to, new_path); });
  }
  int unlink_at(int directory, const char* path) override {
    return run("unlink", [&] { return below_.unlink_at(directory, path); });
  }
  int status_at(int directory, const char* path, struct stat& status) override {
    return run("stat", [&] { return below_.status_at(directory, path, status); });
  }
  int list(int directory, std::vector<std::string>& names) override {
    return run("list", [&] { return below_.list(directory, names); });
  }
  int free_bytes(int fd, std::uint64_t& bytes) override {
    return run("statvfs", [&] { return below_.free_bytes(fd, bytes); });
  }

 private:
  // Counts a call; the errno with which it fails before it does anything, or 0.
  int next(const char* name) {
    calls_.emplace_back(name);
    for (const Fault& fault : faults_) {
      const bool now = fault.kind == Fault::Kind::Fail && fault.step == calls_.size();
      const bool for_ever = fault.kind == Fault::Kind::FailFrom && fault.step <= calls_.size();
      if (now || for_ever) return fault.error;
    }
    return 0;
  }

  const Fault* hit(Fault::Kind kind) const {
    const auto found = std::ranges::find_if(faults_, [&](const Fault& fault) {
      return fault.kind == kind && fault.step == calls_.size();
    });
    return found == faults_.end() ? nullptr : &*found;
  }

  int done_but_failed(int result) const {
    const Fault* fault = hit(Fault::Kind::DoneButFail);
    return fault != nullptr ? -fault->error : result;
  }

  template <class Call>
  int run(const char* name, Call call) {
    if (const int error = next(name)) return -error;
    return done_but_failed(call());
  }

  spool::FileOps& below_;
  std::vector<Fault> faults_;
  std::vector<std::string> calls_;
};

}  // namespace support
