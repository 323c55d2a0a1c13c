// SPDX-License-Identifier: Apache-2.0
// The outside of one session: answers its questions by policy, keeps its message, hands it to the
// writers, and logs. One per connection, used in its shard's thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/smtp/services.h"
#include "daemon/smtp/transaction.h"
#include "net/connection.h"
#include "obs/log.h"
#include "policy/client.h"

namespace smtp_role {

// A connection on its way from the acceptor to its shard.
struct Arrival {
  base::UniqueFd fd;
  smtp::PeerFacts peer;
  std::optional<base::Endpoint> via;  // the proxy that told who the client is
  std::string sid;
  std::shared_ptr<const Snapshot> snapshot;  // of now: the session keeps it
  std::optional<policy::Client> client;      // nothing: it is refused, and `refusal` says why
  std::optional<policy::Refusal> refusal;
};

class SessionHandler : public net::ConnectionHandler {
 public:
  struct ShardLink {
    // From any thread: calls `work` in the shard's thread, with null if the connection is gone.
    std::function<void(std::function<void(net::Connection*)> work)> post;
    // The connection and its handler may be destroyed, though not at once.
    std::function<void()> gone;
    net::EventLoop* loop = nullptr;  // of the shard's thread
  };

  // `arrival`: all of it but the descriptor.
  SessionHandler(Services& services, Arrival& arrival, ShardLink link);

  const SessionFacts& facts() const { return facts_; }
  base::Instant connected() const { return connected_; }
  // Most places are taken, or most of the memory for messages: gives back what it can, or ends the
  // session if it stands still for too long.
  void make_room(net::Connection& connection);

  void on_event(net::Connection& connection, smtp::Event event) override;
  void on_tls(net::Connection& connection, const net::TlsFacts& facts) override;
  void on_tls_failed(net::Connection& connection, std::string_view reason,
                     const std::string& detail) override;
  void on_closed(net::Connection& connection, std::string_view reason) override;
  void on_gone(net::Connection& connection) override;

 private:
  using Connection = net::Connection;
  void handle(Connection& connection, const smtp::AskConnect& ask);
  void handle(Connection& connection, const smtp::AskTls& ask);
  void handle(Connection& connection, const smtp::AskSender& ask);
  void handle(Connection& connection, const smtp::AskRecipient& ask);
  void handle(Connection& connection, const smtp::AskData& ask);
  void handle(Connection& connection, const smtp::AskMessage& ask);
  void handle(Connection& connection, const smtp::Body& body);
  void handle(Connection& connection, const smtp::HeaderComplete&);
  void handle(Connection& connection, const smtp::MessageDropped& dropped);
  void handle(Connection& connection, const smtp::TransactionReset& reset);
  void handle(Connection& connection, const smtp::Refused& refused);
  // The connection's own events.
  void handle(Connection&, const smtp::StartTls&) {}
  void handle(Connection&, const smtp::Close&) {}

  void refuse(Connection& connection, smtp::Ticket ticket, std::string_view stage,
              const smtp::Reply& reply, std::string_view detail);

  // Limits: session_limits.cc.
  void refuse(Connection& connection, smtp::Ticket ticket, std::string_view stage,
              const policy::Refusal& refusal);
  void refuse_recipient(Connection& connection, smtp::Ticket ticket, const mail::Path& path,
                        const smtp::Reply& reply, std::string_view detail);
  void refuse_unknown(Connection& connection, smtp::Ticket ticket, const mail::Path& path,
                      const smtp::Reply& reply);
  void refuse_hidden(Connection& connection);
  void answer_late(smtp::Ticket ticket, const smtp::Reply& reply, base::Duration delay);
  bool greets_late() const;
  // What came since the last call, once it is as much as `least`.
  void count_bytes(Connection& connection, std::uint64_t least = 0);
  void count_errors(Connection& connection);
  void count_end(Connection& connection, std::string_view reason);

  // Why the spool should not take so much more, for it must keep spool.min_free; nothing: it may.
  struct Shortage {
    smtp::Reply reply;
    std::string_view detail;
  };
  std::optional<Shortage> shortage(std::uint64_t message_bytes, std::size_t copies) const;
  bool part_is_due() const;
  void pass_on_part(Connection& connection);
  void part_is_away(Connection& connection, const ipc::Appended& appended,
                    const base::SharedFd& file);
  // While it comes in; `detail` is for the administrator.
  void drop_message(Connection& connection, const smtp::Reply& reply, const std::string& detail);
  void begin_verification();
  void verified(Connection& connection, std::uint64_t number,
                const common::VerifyClient::Outcome& outcome);
  void refuse_message(Connection& connection, const smtp::Reply& reply, std::string_view detail);
  void judge(Connection& connection);
  void deliver();
  void end_transaction();

  Services& services_;
  const std::shared_ptr<const Snapshot> snapshot_;
  SessionFacts facts_;
  const std::string via_;  // the proxy that named the client; empty: none
  const bool tls_first_;
  std::optional<policy::Client> client_;  // nothing: it is refused as soon as it asks
  std::optional<policy::Refusal> refusal_;
  const ShardLink link_;
  const base::Instant connected_;
  std::shared_ptr<Transaction> transaction_;  // shared with its delivery
  // Of its message, which is complete and waits for its verdicts.
  std::optional<smtp::Ticket> message_ticket_;
  unsigned transactions_ = 0;
  std::uint64_t counted_bytes_ = 0;   // in the accounts of the client's networks
  std::uint64_t counted_errors_ = 0;  // the same
  std::unique_ptr<net::EventLoop::Watch> late_answer_;
};

}  // namespace smtp_role
