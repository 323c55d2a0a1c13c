// SPDX-License-Identifier: Apache-2.0
// What survives a restart beside mail: one file for each kind of state, in the state directory. Its
// content is what somebody gave us, and means nothing here.
//
// LEGAL STATES of a write on disk. F is the file, F.new the one beside it.
//   1  F old or absent, F.new absent                      nothing happened, or all was undone
//   2  F old or absent, F.new whole or part               removed by the next load() or save()
//   3  F new, but the directory not fsynced               a power cut may bring the old F back
//   4  F new, the directory fsynced                       now save() reports success
// A crash leaves 1 to 4. What F holds is always whole.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "spool/file_ops.h"

namespace spool {

inline constexpr std::size_t kMaxStateFile = 16u << 20;  // bytes

enum class StateKind { Bans, History };

// Threads: any, one at a time.
class StateFile {
 public:
  // `directory`: that of all state files, open for reading. `ops` must outlive this.
  StateFile(base::SharedFd directory, StateKind kind, FileOps& ops = system_file_ops());

  // Empty when there is none. An error too when it is larger than kMaxStateFile.
  base::Result<std::string> load();

  // Mode 0600. After a failure load() gives the old or the new content.
  base::Status save(std::string_view bytes);

 private:
  base::Status write_new(std::string_view bytes);
  base::Error failed(const char* what, int error) const;

  FileOps& ops_;
  base::SharedFd directory_;
  const std::string name_;
  const std::string new_name_;
};

}  // namespace spool
