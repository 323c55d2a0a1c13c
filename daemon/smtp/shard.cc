// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/shard.h"

#include "obs/log.h"

namespace smtp_role {
Shard::Shard(Services& services) : services_(services), thread_([this] { loop_.run(); }) {}

Shard::~Shard() {
  loop_.stop();
  thread_.join();
  entries_.clear();
}

void Shard::adopt(Arrival arrival) {
  // std::function wants something it could copy.
  auto shared = std::make_shared<Arrival>(std::move(arrival));
  loop_.post([this, shared] { add(*shared); });
}

void Shard::add(Arrival& arrival) {
  const std::uint64_t id = ++last_id_;
  Entry& entry = entries_[id];
  const auto snapshot = arrival.snapshot;
  // The handler keeps the snapshot, and so its settings, as long as the connection.
  entry.handler = std::make_unique<SessionHandler>(services_, arrival, link_for(id));
  entry.connection = std::make_unique<net::Connection>(
      loop_, std::move(arrival.fd), arrival.peer, snapshot->tls, snapshot->smtp, *entry.handler);
  entry.connection->start();
  if (shutting_down_) entry.connection->shut_down();
}

SessionHandler::ShardLink Shard::link_for(std::uint64_t id) {
  return {
      [this, id](auto work) {
        loop_.post([this, id, work = std::move(work)] {
          const auto entry = entries_.find(id);
          const bool open = entry != entries_.end() && !entry->second.connection->closed();
          work(open ? entry->second.connection.get() : nullptr);
        });
      },
      // Posted: the connection must not be destroyed inside a call from it.
      [this, id] { loop_.post([this, id] { entries_.erase(id); }); },
      &loop_,
  };
}

template <class Action>
void Shard::for_each(Action action) {
  loop_.post([this, action] {
    for (auto& [id, entry] : entries_) action(entry);
  });
}

void Shard::shut_down_sessions() {
  loop_.post([this] { shutting_down_ = true; });
  for_each([](Entry& entry) { entry.connection->shut_down(); });
}

void Shard::abort_sessions(std::string_view reason) {
  for_each([reason](Entry& entry) { entry.connection->abort(reason); });
}

void Shard::make_room() {
  for_each([](Entry& entry) { entry.handler->make_room(*entry.connection); });
}

void Shard::ping(std::function<void()> turned) { loop_.post(std::move(turned)); }

void Shard::list(std::function<void(std::vector<ipc::Sessions::Row>)> listed) {
  loop_.post([this, listed = std::move(listed)] {
    std::vector<ipc::Sessions::Row> rows;
    for (const auto& [id, entry] : entries_) rows.push_back(row_of(entry));
    listed(std::move(rows));
  });
}

ipc::Sessions::Row Shard::row_of(const Entry& entry) {
  const SessionFacts& facts = entry.handler->facts();
  const smtp::Session& session = entry.connection->session();
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(
      base::now() - entry.handler->connected());
  return {facts.sid,
          facts.client.to_string(),
          std::string(facts.tls_version()),
          std::string(session.stage()),
          obs::escape_peer(session.helo()),
          static_cast<std::uint64_t>(age.count()),
          session.counters().messages};
}

}  // namespace smtp_role
