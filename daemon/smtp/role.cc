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
constexpr std::chrono::milliseconds kCrowdPoll{250};
// Behind the last session, for a disk that is slow to take what survives this process; well below
// what the supervisor asks of the service manager.
constexpr std::chrono::seconds kStatePatience{3};

void log_accept_trouble(const std::string& reason) { obs::log_trouble("accept", reason); }

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
      services_(std::move(snapshot), settings.listeners.size(), loop),
      proxies_(
          std::make_unique<net::ProxyIntake>(loop,
                                             [this](const auto& proxy, auto reason, auto detail) {
                                               services_.counters.add_end(reason);
                                               log_proxy_failure(proxy, reason, detail);
                                             })),
      load_watch_(loop, services_),
      state_keeper_(loop, services_),
      crowd_watch_(loop.every(kCrowdPoll, [this] { watch_crowd(); })) {
  for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
    sockets_.push_back({std::move(parts.listeners.at(i)), settings.listeners[i], i});
    rules_.push_back({settings.listeners[i].access, settings.listeners[i].limits});
  }
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
  services_.verify.on_crashed(
      [this](const auto& client, const auto& id) { count_crash(client, id); });
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

// Not before it is known who is refused: after a restart they would be the first to come.
void Role::on_serve() {
  state_keeper_.await_load([this] {
    for (Socket& socket : sockets_) listen(socket);
  });
}

void Role::listen(Socket& socket) {
  const auto accept_here = [this, &socket](base::UniqueFd fd, const base::Endpoint& peer) {
    accept(std::move(fd), peer, socket);
  };
  acceptors_.push_back(std::make_unique<net::Acceptor>(loop_, std::move(socket.fd), accept_here,
                                                       log_accept_trouble));
}

Arrival Role::arrival(base::UniqueFd fd, const base::Endpoint& client, const Socket& socket) {
  Arrival arrival;
  arrival.fd = std::move(fd);
  arrival.peer = {client, socket.settings.implicit_tls};
  arrival.sid = next_session_id();
  arrival.snapshot = services_.snapshot();
  return arrival;
}

void Role::accept(base::UniqueFd fd, const base::Endpoint& peer, const Socket& socket) {
  services_.counters.add(common::Counter::connections_total);
  load_watch_.on_descriptor(fd.get());
  if (base::any_contains(socket.settings.proxy_protocol_from, peer.address))
    return accept_from_proxy(std::move(fd), peer, socket);
  Arrival arriving = arrival(std::move(fd), peer, socket);
  const policy::LimitSettings& limits = arriving.snapshot->limits;
  const policy::Gate::Visitor visitor{peer.address};
  std::optional<policy::Gate::Seat> seat;
  arriving.refusal =
      services_.gate.judge(visitor, socket.settings.access, limits, base::wall_now());
  if (!arriving.refusal)
    arriving.refusal = services_.gate.enter(socket.index, socket.settings.limits,
                                            policy::Gate::is_exempt(visitor, limits), limits, seat);
  if (!arriving.refusal) admit(arriving, visitor, std::move(*seat));
  adopt(std::move(arriving));
}

// The proxy's connection counts among all before it is known whose it is.
void Role::accept_from_proxy(base::UniqueFd fd, const base::Endpoint& proxy, const Socket& socket) {
  const auto seat = std::make_shared<std::optional<policy::Gate::Seat>>();
  const auto refusal = services_.gate.enter(socket.index, socket.settings.limits, false,
                                            services_.snapshot()->limits, *seat);
  if (refusal) {
    Arrival refused = arrival(std::move(fd), proxy, socket);
    refused.refusal = refusal;
    return adopt(std::move(refused));
  }
  proxies_->take(
      std::move(fd), proxy, [this, proxy, &socket, seat](base::UniqueFd known, auto& client) {
        Arrival arriving = arrival(std::move(known), client.value_or(proxy), socket);
        if (client) arriving.via = proxy;
        const policy::Gate::Visitor visitor{arriving.peer.client.address, !client};
        arriving.refusal = services_.gate.judge(visitor, socket.settings.access,
                                                arriving.snapshot->limits, base::wall_now());
        if (!arriving.refusal) admit(arriving, visitor, std::move(**seat));
        adopt(std::move(arriving));
      });
}

void Role::admit(Arrival& arriving, const policy::Gate::Visitor& visitor, policy::Gate::Seat seat) {
  const std::shared_ptr<const policy::LimitSettings> limits(arriving.snapshot,
                                                            &arriving.snapshot->limits);
  arriving.refusal = services_.gate.admit(visitor, std::move(seat), limits, policy::Moment::now(),
                                          arriving.client);
}

void Role::adopt(Arrival arriving) {
  shards_[next_shard_++ % shards_.size()]->adopt(std::move(arriving));
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
      loop_.post([this, number] { tell_supervisor(services_.figures(number)); });
    });
  }
}

base::Status Role::reload(const base::UniqueFd& settings) {
  auto opened = common::open_settings<common::SmtpRoleSettings>(settings);
  if (!opened) return opened.error();
  auto snapshot = Snapshot::make(*opened);
  if (!snapshot) return snapshot.error();
  services_.replace(std::move(*snapshot));
  obs::configure(opened->log);
  return base::ok();
}

void Role::on_reload(std::uint64_t generation, base::UniqueFd settings) {
  const auto reloaded = reload(settings);
  tell_supervisor(ipc::Reloaded{generation, reloaded ? "" : reloaded.error().reason});
}

void Role::watch_crowd() {
  const auto snapshot = services_.snapshot();
  const bool crowded = std::any_of(sockets_.begin(), sockets_.end(), [&](const Socket& socket) {
    return services_.gate.crowd(socket.index, socket.settings.limits, snapshot->limits).any();
  });
  if (!crowded && !services_.buffers.is_crowded()) return;
  for (const auto& shard : shards_) shard->make_room();
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
  if (services_.gate.open() > 0) {
    if (base::now() >= *drain_until_) abort_sessions("grace_over");
    return;
  }
  // The end of this process is that of deliver too.
  if (!state_until_) {
    state_until_ = base::now() + kStatePatience;
    state_keeper_.save();
  }
  if (!services_.deliver.state().settled() && base::now() < *state_until_) return;
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

// Never against a proxy, which is the client where it names none.
void Role::count_crash(const base::IpAddress& client, const ipc::RoleId& verifier) {
  for (const Socket& socket : sockets_)
    if (base::any_contains(socket.settings.proxy_protocol_from, client)) return;
  services_.gate.count_verifier_crash(client, ipc::name_of(verifier), services_.snapshot()->limits,
                                      policy::Moment::now());
}

void Role::on_peer_crashed(const ipc::RoleId& peer) {
  if (peer.role == ipc::Role::Verify) services_.verify.crashed(peer);
}

void Role::on_question(const ipc::ManageBans& question) {
  tell_supervisor(
      manage_bans(question, services_.gate.bans(), services_.snapshot()->limits, base::wall_now()));
}

void Role::on_question(const ipc::ShowLimits& question) {
  tell_supervisor(show_limits(question, services_.gate, services_.history,
                              services_.snapshot()->limits, rules_, policy::Moment::now()));
}

void Role::on_question(const ipc::ListBusiest& question) {
  tell_supervisor(
      list_busiest(question, services_.gate.table(), services_.snapshot()->limits, base::now()));
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
        rows.resize(std::min(rows.size(), ipc::kMaxRows - all.size()));
        all.insert(all.end(), std::make_move_iterator(rows.begin()),
                   std::make_move_iterator(rows.end()));
      }
      if (--gathering->waiting == 0)
        loop_.post([this, gathering] { tell_supervisor(gathering->sessions); });
    });
  }
}

}  // namespace smtp_role
