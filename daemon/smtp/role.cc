// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/role.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "obs/log.h"

namespace smtp_role {
namespace {

constexpr std::chrono::milliseconds kDrainPoll{20};
constexpr std::size_t kMaxRows = 10000;  // sessions in one list: what a message between roles holds

void log_trouble(const std::string& reason) {
  obs::Line(obs::Event::trouble).token("area", "accept").text("reason", reason).write();
}

void log_proxy_failure(const base::Endpoint& proxy, std::string_view reason,
                       std::string_view detail) {
  obs::Line(obs::Event::proxy_failed)
      .token("via", proxy.to_string())
      .token("reason", reason)
      .token("detail", detail)
      .write();
}

}  // namespace

Role::Role(net::EventLoop& loop, const common::SmtpRoleSettings& settings,
           std::shared_ptr<const Snapshot> snapshot, common::RoleParts parts)
    : loop_(loop),
      services_(std::move(snapshot), settings.limits, loop),
      proxies_(std::make_unique<net::ProxyIntake>(
          loop, [this](const auto& proxy, auto reason, auto detail) {
            services_.counters.add_end(reason);
            log_proxy_failure(proxy, reason, detail);
          })) {
  for (std::size_t i = 0; i < settings.listeners.size(); ++i)
    sockets_.push_back({std::move(parts.listeners.at(i)), settings.listeners[i]});
  for (auto& [peer, channel] : parts.peers) on_peer(peer, std::move(channel));
  for (unsigned i = 0; i < settings.threads; ++i)
    shards_.push_back(std::make_unique<Shard>(services_));
}

Role::~Role() = default;

// Ids stay apart from those that an earlier process gave out within the same second.
std::uint64_t Role::first_session_number() {
  const auto since_epoch = base::wall_now().time_since_epoch();
  return static_cast<std::uint64_t>(
             std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count() % 1000)
         << 8;
}

void Role::run(ipc::Channel supervisor, std::vector<std::string> warnings) {
  supervisor_ = std::make_unique<common::SupervisorLink>(std::move(supervisor), *this);
  const auto readable =
      loop_.on_readable(supervisor_->fd(), [this] { supervisor_->on_readable(); });
  supervisor_writable_ = loop_.on_writable(supervisor_->fd(), [this] {
    supervisor_->on_writable();
    if (!supervisor_->wants_write()) supervisor_writable_->pause();
  });
  services_.deliver.on_lost([this] { tell_supervisor(ipc::PeerLost{{ipc::Role::Deliver}}); });
  services_.resolve.on_lost([this] { tell_supervisor(ipc::PeerLost{{ipc::Role::Resolve}}); });
  services_.verify.on_lost([this](const auto& id) { tell_supervisor(ipc::PeerLost{id}); });
  services_.verify.on_stuck([this](const auto& id) { tell_supervisor(ipc::PeerStuck{id}); });
  services_.opinions.on_lost([this] { tell_supervisor(ipc::PeerLost{{ipc::Role::Opinion}}); });
  services_.opinions.on_stuck([this] { tell_supervisor(ipc::PeerStuck{{ipc::Role::Opinion}}); });
  tell_supervisor(ipc::Confined{std::move(warnings)});
  loop_.run();
}

template <class Message>
void Role::tell_supervisor(const Message& message) {
  supervisor_->send(message);
  if (supervisor_->wants_write()) supervisor_writable_->resume();
}

void Role::on_serve() {
  for (Socket& socket : sockets_) listen(socket);
}

void Role::listen(Socket& socket) {
  const auto accept_here = [this, &socket](base::UniqueFd fd, const base::Endpoint& peer) {
    accept(std::move(fd), peer, socket);
  };
  acceptors_.push_back(
      std::make_unique<net::Acceptor>(loop_, std::move(socket.fd), accept_here, log_trouble));
}

void Role::accept(base::UniqueFd fd, const base::Endpoint& peer, const Socket& socket) {
  services_.counters.add(common::Counter::connections_total);
  if (!base::any_contains(socket.settings.proxy_protocol_from, peer.address))
    return adopt(std::move(fd), peer, std::nullopt, socket);
  proxies_->take(std::move(fd), peer, [this, peer, &socket](base::UniqueFd known, auto& client) {
    if (client) return adopt(std::move(known), *client, peer, socket);
    adopt(std::move(known), peer, std::nullopt, socket);
  });
}

void Role::adopt(base::UniqueFd fd, const base::Endpoint& client,
                 const std::optional<base::Endpoint>& via, const Socket& socket) {
  auto admission = services_.connections.admit(client.address, socket.settings.access);
  Shard& shard = *shards_[next_shard_++ % shards_.size()];
  shard.adopt({std::move(fd),
               {client, socket.settings.implicit_tls},
               via,
               std::move(admission),
               next_session_id()});
}

std::string Role::next_session_id() {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(base::wall_now().time_since_epoch());
  std::array<char, 48> text;
  std::snprintf(text.data(), text.size(), "%08llX.%04llX",
                static_cast<unsigned long long>(seconds.count()),
                static_cast<unsigned long long>(++sessions_));
  return text.data();
}

void Role::on_ping(std::uint64_t number) {
  // Answered when every shard has turned: the last of them brings the answer home.
  const auto waiting = std::make_shared<std::atomic<std::size_t>>(shards_.size());
  for (const auto& shard : shards_) {
    shard->ping([this, number, waiting] {
      if (--*waiting > 0) return;
      loop_.post([this, number] {
        tell_supervisor(
            ipc::Pong{number, services_.connections.open(), services_.counters.values()});
      });
    });
  }
}

base::Status Role::reload(const base::UniqueFd& settings) {
  auto opened = common::open_settings<common::SmtpRoleSettings>(settings);
  if (!opened) return opened.error();
  auto snapshot = Snapshot::make(*opened);
  if (!snapshot) return snapshot.error();
  services_.replace(std::move(*snapshot), opened->limits);
  obs::configure(opened->log);
  return base::ok();
}

void Role::on_reload(std::uint64_t generation, base::UniqueFd settings) {
  const auto reloaded = reload(settings);
  tell_supervisor(ipc::Reloaded{generation, reloaded ? "" : reloaded.error().reason});
}

void Role::on_drain(std::chrono::milliseconds grace) {
  if (!drain_until_) {
    acceptors_.clear();
    proxies_.reset();
    sockets_.clear();
    for (const auto& shard : shards_) shard->shut_down_sessions();
    drain_watch_ = loop_.every(kDrainPoll, [this] { watch_drain(); });
  }
  drain_until_ = base::now() + grace;
}

void Role::abort_sessions(std::string_view reason) {
  for (const auto& shard : shards_) shard->abort_sessions(reason);
}

void Role::watch_drain() {
  if (services_.connections.open() > 0) {
    if (base::now() >= *drain_until_) abort_sessions("grace_over");
    return;
  }
  if (!std::exchange(drained_, true)) {
    drain_watch_->pause();
    tell_supervisor(ipc::Drained{});
  }
}

void Role::on_peer(const ipc::RoleId& peer, base::UniqueFd channel) {
  switch (peer.role) {
    case ipc::Role::Deliver:
      return services_.deliver.connect(std::move(channel));
    case ipc::Role::Resolve:
      return services_.resolve.connect(std::move(channel));
    case ipc::Role::Verify:
      return services_.verify.connect(peer, std::move(channel));
    case ipc::Role::Opinion:
      return services_.opinions.connect(std::move(channel));
    case ipc::Role::Smtp:
      break;
  }
}

void Role::on_list_sessions(std::uint64_t request) {
  struct Gathering {
    std::atomic<std::size_t> waiting;
    std::mutex mutex;
    ipc::Sessions sessions;
  };
  const auto gathering = std::make_shared<Gathering>();
  gathering->waiting = shards_.size();
  gathering->sessions.request = request;
  for (const auto& shard : shards_) {
    shard->list([this, gathering](std::vector<ipc::Sessions::Row> rows) {
      {
        const std::lock_guard lock(gathering->mutex);
        auto& all = gathering->sessions.rows;
        rows.resize(std::min(rows.size(), kMaxRows - all.size()));
        all.insert(all.end(), std::make_move_iterator(rows.begin()),
                   std::make_move_iterator(rows.end()));
      }
      if (--gathering->waiting == 0)
        loop_.post([this, gathering] { tell_supervisor(gathering->sessions); });
    });
  }
}

}  // namespace smtp_role
