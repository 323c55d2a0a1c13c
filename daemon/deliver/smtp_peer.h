// SPDX-License-Identifier: Apache-2.0
// One life of the smtp role, as deliver sees it: its channel, the messages it is sending in parts,
// and the deliveries that it waits for. When it ends, its parts are forgotten; a delivery that has
// begun is finished, and nobody is told.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "daemon/common/poll_loop.h"
#include "daemon/deliver/disk_watch.h"
#include "daemon/deliver/state_store.h"
#include "ipc/channel.h"
#include "spool/delivery.h"
#include "spool/writers.h"

namespace deliver_role {

// The mailboxes and folders of every configuration that was in force since this process began. A
// delivery to any other name is nothing that smtp may ask for. Used in the main thread only.
class KnownMailboxes {
 public:
  void add(const std::vector<spool::Mailbox>& mailboxes);
  bool has(const spool::Mailbox& mailbox) const;

 private:
  std::set<spool::Mailbox> mailboxes_;
};

// Of the copies that may be duplicates so many are told by name, for a message between programs has
// a limit; the rest is counted.
inline constexpr std::size_t kMaxToldDuplicates = 1000;
ipc::Delivered on_the_wire(std::uint64_t message, const spool::Done& done);

// Used in the main thread only.
class SmtpPeer : public std::enable_shared_from_this<SmtpPeer> {
 public:
  // At one time; one more is refused, and those go on.
  static constexpr std::size_t kMaxPartialMessages = 20000;
  // Of one part: smtp passes on what has reached 1 MiB, and one read more may be in it.
  static constexpr std::uint64_t kMaxPartBytes = 2u << 20;

  // All references must outlive the work that is given to the writers.
  SmtpPeer(common::PollLoop& loop, spool::Spool& spool, spool::Writers& writers,
           const KnownMailboxes& known, StateStore& state, DiskWatch& disk, base::UniqueFd channel,
           std::size_t most_partial_messages = kMaxPartialMessages);

  void start();
  void close();

 private:
  // A message that comes in parts. A part is appended by a writer thread, one at a time.
  struct Partial {
    spool::MessageFile file;  // its end for reading goes to smtp, once
    std::uint64_t bytes = 0;
    bool busy = false;
  };

  void on_readable();
  bool handle(ipc::Message& message);  // false: it says what it may not
  void append(const ipc::Append& append, base::UniqueFd part);
  void appended(const ipc::Append& append, const std::shared_ptr<Partial>& partial,
                const base::Status& status);
  bool deliver(ipc::Deliver deliver, base::UniqueFd last_part);
  // Nothing: to somebody we do not know, or twice to the same.
  std::optional<std::vector<spool::Copy>> checked_copies(ipc::Deliver& deliver) const;
  void delivered(std::uint64_t message, const spool::Done& done);
  template <class Message>
  void send(const Message& message, const base::SharedFd& fd = nullptr);
  void send_state();
  bool save_state(const ipc::SaveState& save, base::UniqueFd memory);
  void send_space();
  void send_space_regularly();

  common::PollLoop& loop_;
  spool::Spool& spool_;
  spool::Writers& writers_;
  const KnownMailboxes& known_;
  StateStore& state_;
  DiskWatch& disk_;
  ipc::Channel channel_;
  const std::size_t most_partial_messages_;
  bool open_ = true;
  std::uint64_t last_space_ = UINT64_MAX;
  std::map<std::uint64_t, std::shared_ptr<Partial>> partials_;
};

}  // namespace deliver_role
