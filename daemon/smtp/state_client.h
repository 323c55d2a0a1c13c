// SPDX-License-Identifier: Apache-2.0
// The state of this role that survives its end: deliver keeps it, in files, and gives it back.
//
//   client.on_loaded([&](ipc::StateKind kind, const std::string& bytes) { ... });
//   client.save(ipc::StateKind::Bans, bytes);      // the whole of it, at any time
//
// deliver may be away or be replaced: what was saved last is sent again, and what it then gives
// back is not looked at, for this role knows better. Threads: that of the main loop.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "ipc/messages.h"
#include "net/channel_link.h"
#include "net/event_loop.h"

namespace smtp_role {

class StateClient {
 public:
  // What was saved before this process began; once for each kind, empty when nothing was. What is
  // to survive of both has to be saved within the call: it takes the place of what was given to
  // save() before.
  using Loaded = std::function<void(ipc::StateKind kind, const std::string& bytes)>;

  // `loop` must outlive this.
  explicit StateClient(net::EventLoop& loop);

  // Before the loop runs.
  void on_loaded(Loaded loaded) { loaded_ = std::move(loaded); }

  // Above spool::kMaxStateFile, or when memory cannot be made: a line in the log, and what was
  // saved before stays. Goes out when the last one of its kind is written; the newest counts.
  void save(ipc::StateKind kind, std::string_view bytes);

  // Nothing is on its way that deliver could still write.
  bool settled() const;

  // For the owner of the channel. False: it makes no sense.
  void connect(std::shared_ptr<net::ChannelLink> link);
  void disconnect();
  bool take(const ipc::KeptState& kept, const base::UniqueFd& memory);
  bool take(const ipc::StateSaved& saved);

 private:
  struct Entry {
    base::SharedFd newest;   // null: nothing was saved
    std::uint64_t size = 0;  // of it, bytes
    bool loaded = false;     // or told to be empty: until then it would be overwritten unseen
    bool unsaved = false;    // newest is still to be sent
    bool sent = false;       // and not answered; one at a time
    bool failed = false;     // and waits for another try
  };
  void send_on(ipc::StateKind kind, Entry& entry);
  void try_again();

  std::shared_ptr<net::ChannelLink> link_;  // null while deliver is away
  std::map<ipc::StateKind, Entry> entries_;
  Loaded loaded_;
  std::unique_ptr<net::EventLoop::Watch> retry_;
};

}  // namespace smtp_role
