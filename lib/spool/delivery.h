// SPDX-License-Identifier: Apache-2.0
// One message into the Maildirs of its recipients, durable before it is acknowledged.
//
// LEGAL STATES of a delivery on disk (design section 5). F is the message file, M1..Mn its
// mailboxes.
//   1  F absent everywhere                                     nothing happened, or all was undone
//   2  F, whole or part, in tmp/ of some mailboxes             not acknowledged; swept after 36 h
//   3  F fsynced in tmp/ of every mailbox                      not acknowledged
//   4  F in new/ of some mailboxes, in tmp/ of the others      not acknowledged
//   5  F in new/ of every mailbox, every new/ fsynced          now Outcome::Durable is reported
// A crash leaves 1 to 5. A failure that we live through leads from 2 and 3 back to 1, and from 4 to
// 1, or, if an unlink fails too, to 4 with possible_duplicates saying where. What is in new/ is
// always whole. Nothing is ever overwritten (RENAME_NOREPLACE).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "spool/file_ops.h"
#include "spool/settings.h"
#include "spool/spool_root.h"

namespace spool {

// A mailbox as the configuration names it: lower case, no '/', no leading dot.
struct Mailbox {
  std::string domain;
  std::string name;
  std::string folder;  // "" for the inbox, "Junk" for .Junk beneath it
  auto operator<=>(const Mailbox&) const = default;
};

// A copy for one mailbox: its own header block on top of what is common to all.
struct Copy {
  Mailbox mailbox;
  std::string header;  // lines ending in CRLF
};

struct Job {
  int message_fd = -1;             // read with pread only; must stay open until the job is done
  std::uint64_t message_size = 0;  // bytes, CRLF line ends; CRLF becomes LF on disk
  std::vector<Copy> copies;        // at least one; mailboxes differ
  std::string trace = {};          // above the message in every copy; lines ending in CRLF
};

// A message too large for memory, in an unlinked file. It is gone when both are closed.
struct MessageFile {
  base::UniqueFd appending;
  base::UniqueFd reading;  // cannot be written through
};

enum class Outcome { Durable, Failed, Full };  // Full: ENOSPC or EDQUOT

struct Done {
  Outcome outcome = Outcome::Failed;
  std::string reason;              // for the log, when not Durable
  std::vector<std::string> files;  // when Durable: "example.org/info/new/<name>"
  // When not Durable: copies that stayed in new/, or may come back there after a power cut because
  // their removal could not be made durable.
  std::vector<std::string> possible_duplicates;
};

// The spool: its root directory and the Maildirs of the configuration. Threads: deliver() may run
// in any number of them at once.
class Spool {
 public:
  // `root` comes from open_root(). Called as the user that delivers: checks that it may write
  // there, and makes what is missing of the given mailboxes' Maildirs (tmp, new, cur; modes 0700)
  // with their parents fsynced. The error's reason names directory, user and mode, and the cure.
  static base::Result<Spool> open(const Settings& settings, base::UniqueFd root,
                                  const std::vector<Mailbox>& mailboxes,
                                  FileOps& ops = system_file_ops());
  Spool(Spool&&) noexcept;
  Spool& operator=(Spool&&) noexcept;
  ~Spool();

  // Makes the Maildirs again that somebody removed. Holds two descriptors per copy meanwhile.
  Done deliver(const Job& job);

  base::Result<MessageFile> open_message_file();
  // Appends `size` bytes from the start of `part_fd`.
  base::Status append(int message_fd, int part_fd, std::uint64_t size);
  // Makes what is missing of these mailboxes, as open() does.
  base::Status make(const std::vector<Mailbox>& mailboxes);

  // Files in tmp/ of the mailbox last changed more than 36 hours ago are removed; how many. None of
  // one that does not exist.
  base::Result<unsigned> sweep(const Mailbox& mailbox, base::WallTime now);

  base::Result<std::uint64_t> free_bytes();

 private:
  struct State;
  explicit Spool(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace spool
