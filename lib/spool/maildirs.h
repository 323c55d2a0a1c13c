// SPDX-License-Identifier: Apache-2.0
// The Maildirs beneath the spool's root: found, made, and made again when somebody removed them.
//
// Every step goes from a directory's descriptor to the next with O_NOFOLLOW, so a symbolic link
// beneath the root is an error and never a way out. Threads: any.
#pragma once

#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "spool/delivery.h"
#include "spool/file_ops.h"

namespace spool {

struct Maildir {
  base::UniqueFd tmp_fd;
  base::UniqueFd new_fd;
};

// Directories from the root: {"example.org", "info", ".Junk"}. Asserts that no name could lead
// elsewhere: they come from a checked configuration.
using DirectoryPath = std::vector<std::string>;
DirectoryPath directory_path(const Mailbox& mailbox);
std::string to_string(const DirectoryPath& path);  // "example.org/info/.Junk"

class Maildirs {
 public:
  // `root` must be readable, for fsync; `ops` must outlive this.
  Maildirs(FileOps& ops, base::UniqueFd root) : ops_(ops), root_(std::move(root)) {}

  int root_fd() const { return root_.get(); }

  // Makes what is missing, then fsyncs every directory above a tmp/, new/ or cur/, each once. Also
  // those where nothing was missing: an earlier process may have died before its fsync.
  base::Status make(std::span<const Mailbox> mailboxes);

  // A mailbox that make() has not seen, or whose directories are gone, is made first.
  base::Result<Maildir> open(const Mailbox& mailbox);

  // ENOENT when it is not there; nothing is made. Not for a delivery: it may not be durable yet.
  base::Result<Maildir> find(const Mailbox& mailbox);

 private:
  base::Status make_locked(std::span<const Mailbox> mailboxes);
  base::Status make_one(const DirectoryPath& path, std::set<DirectoryPath>& parents);
  base::Status make_directory(int parent_fd, const DirectoryPath& path);
  base::Status mark_as_folder(int folder_fd, const DirectoryPath& path);
  base::Status sync(const DirectoryPath& path);
  base::Result<base::UniqueFd> open_directory(const DirectoryPath& path);
  base::Result<base::UniqueFd> step_into(int parent_fd, const DirectoryPath& path);

  FileOps& ops_;
  base::UniqueFd root_;
  // Held while directories are opened as well as made: no delivery may use a directory that
  // another thread has made but not yet fsynced into its parent.
  std::mutex mutex_;
  std::set<Mailbox> ready_;  // made, and durable
};

}  // namespace spool
