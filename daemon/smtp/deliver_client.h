// SPDX-License-Identifier: Apache-2.0
// The way of messages to the deliver role and of their fates back.
//
// Calls come from any thread and are passed on to the main loop, which owns the channel. Answers
// come in the main loop's thread. When deliver dies, everything it had in hand fails, and until the
// supervisor has sent a new channel everything new fails at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "daemon/smtp/message_buffer.h"
#include "daemon/smtp/state_client.h"
#include "ipc/messages.h"
#include "net/channel_link.h"
#include "net/event_loop.h"
#include "spool/delivery.h"

namespace smtp_role {

// What is put on top of a message.
struct StoredHeader {
  std::vector<spool::Copy> copies;  // one for each mailbox, with what concerns it alone
  std::string trace;                // beneath that in all of them
};

class DeliverClient {
 public:
  // `file` is what deliver collects the message in, for reading; null unless deliver has just begun
  // to.
  using AppendDone = std::function<void(const ipc::Appended&, const base::SharedFd& file)>;
  using DeliverDone = std::function<void(const ipc::Delivered&)>;

  // `loop` must outlive this.
  explicit DeliverClient(net::EventLoop& loop) : loop_(loop), state_(loop) {}

  // Called in the main loop's thread when the channel has ended; a new one should come by
  // connect().
  void on_lost(std::function<void()> lost) { lost_ = std::move(lost); }

  // The main loop's thread: the channel that the supervisor sent.
  void connect(base::UniqueFd channel);

  // Any thread. `message` is a number from next_message().
  std::uint64_t next_message() { return ++last_message_; }
  void append(std::uint64_t message, std::shared_ptr<MessagePart> part, AppendDone done);
  void deliver(std::uint64_t message, std::shared_ptr<MessagePart> last_part, StoredHeader header,
               std::uint64_t appended_bytes, DeliverDone done);
  void discard(std::uint64_t message);

  // The main loop's thread.
  StateClient& state() { return state_; }

  // Free on the spool's file system as last told; nothing while deliver is away.
  std::optional<std::uint64_t> free_bytes() const;

 private:
  static constexpr std::uint64_t kAway = UINT64_MAX;

  // What is in deliver's hands: the charge for its memory, and who wants to know.
  struct Pending {
    std::shared_ptr<MessagePart> part;
    AppendDone appended;
    DeliverDone delivered;
    base::SharedFd file;  // came ahead of the answer
  };
  template <class Message>
  void send(const Message& message, Pending pending);
  // `possible_duplicates`: where copies of it may have been left.
  void fail(std::uint64_t message, Pending& pending, const std::string& reason,
            std::vector<std::string> possible_duplicates = {});
  bool handle(ipc::Message& message);  // false: it makes no sense
  bool take_file(const ipc::Collecting& collecting, base::UniqueFd file);
  // Nothing: no such answer is waited for.
  std::optional<Pending> take_pending(std::uint64_t message, bool is_part);
  bool finish(const ipc::Appended& appended);
  bool finish(const ipc::Delivered& delivered);
  void disconnect(const std::string& reason);

  net::EventLoop& loop_;
  StateClient state_;
  std::shared_ptr<net::ChannelLink> link_;  // null while deliver is away
  std::map<std::uint64_t, Pending> pending_;
  std::function<void()> lost_;
  std::atomic<std::uint64_t> last_message_{0};
  std::atomic<std::uint64_t> free_bytes_{kAway};
};

}  // namespace smtp_role
