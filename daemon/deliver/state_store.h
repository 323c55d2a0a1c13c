// SPDX-License-Identifier: Apache-2.0
// What smtp wants to survive a restart: held here for the next smtp, and in a file for the next
// deliver. A failed write is told in the log and to smtp, and touches no mail.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "daemon/common/poll_loop.h"
#include "ipc/messages.h"
#include "spool/state_file.h"
#include "spool/writers.h"

namespace deliver_role {

// Sealed memory of `size` bytes, at most spool::kMaxStateFile.
struct StateContent {
  base::SharedFd memory;
  std::uint64_t size = 0;
};

// The files and what is in them.
struct StateFiles {
  base::SharedFd directory;  // null: there are none, what is saved lives as long as this process
  std::map<ipc::StateKind, StateContent> contents;  // of every kind
};

// A file that cannot be read is told in the log and counts as empty. To be called while memory for
// other processes can be made.
base::Result<StateFiles> open_state_files(base::SharedFd directory);

// Used in the main thread only.
class StateStore {
 public:
  // Called in the main thread; empty: it will survive.
  using Done = std::function<void(const std::string& error)>;

  // `loop` must outlive this, and this the threads of `writers`, which need not run yet.
  StateStore(common::PollLoop& loop, spool::Writers& writers, StateFiles files);

  const std::map<ipc::StateKind, StateContent>& contents() const { return contents_; }

  // Written by a writer thread. While it writes, the newest of the same kind waits, and takes the
  // place of one that waits already; that one's `done` is never called.
  void save(ipc::StateKind kind, StateContent content, Done done);

 private:
  struct Save {
    StateContent content;
    Done done;
  };
  struct Writing {
    std::optional<spool::StateFile> file;
    bool busy = false;
    std::optional<Save> next;
  };

  void write(Writing& writing, const Save& save);
  void written(Writing& writing, const Done& done, const base::Status& status);

  common::PollLoop& loop_;
  spool::Writers& writers_;
  std::map<ipc::StateKind, StateContent> contents_;
  std::map<ipc::StateKind, Writing> writings_;
};

}  // namespace deliver_role
