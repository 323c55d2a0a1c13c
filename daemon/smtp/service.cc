// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/service.h"

#include <array>
#include <csignal>
#include <cstdio>

#include "daemon/common/sd_notify.h"
#include "obs/log.h"

namespace smtp_role {
namespace {

constexpr std::chrono::milliseconds kDrainPoll{20};
constexpr std::chrono::seconds kStopMargin{10};  // above the grace time, for the manager

void log_trouble(const std::string& reason) {
  obs::Line(obs::Event::trouble).token("area", "accept").text("reason", reason).write();
}

}  // namespace

Service::Service(const Services& services, std::vector<Socket> sockets, unsigned threads,
                 std::chrono::milliseconds shutdown_grace)
    : services_(services), sockets_(std::move(sockets)), shutdown_grace_(shutdown_grace) {
  for (unsigned i = 0; i < threads; ++i) shards_.push_back(std::make_unique<Shard>(services_));
}

Service::~Service() = default;

void Service::run() {
  const auto on_term = loop_.on_signal(SIGTERM, [this] { on_stop_signal("SIGTERM"); });
  const auto on_int = loop_.on_signal(SIGINT, [this] { on_stop_signal("SIGINT"); });
  for (Socket& socket : sockets_) listen(std::move(socket));
  sockets_.clear();
  common::sd_notify("READY=1");
  loop_.run();
  drain_watch_.reset();
}

void Service::listen(Socket socket) {
  obs::Line(obs::Event::listen)
      .token("address", net::local_endpoint(socket.fd.get()).to_string())
      .token("tls", socket.implicit_tls ? "implicit" : "starttls")
      .write();
  const auto adopt_here = [this, access = std::move(socket.access),
                           implicit_tls = socket.implicit_tls](base::UniqueFd fd,
                                                               const base::Endpoint& peer) {
    adopt(std::move(fd), peer, access, implicit_tls);
  };
  acceptors_.push_back(
      std::make_unique<net::Acceptor>(loop_, std::move(socket.fd), adopt_here, log_trouble));
}

void Service::adopt(base::UniqueFd fd, const base::Endpoint& peer,
                    const policy::ListenerAccess& access, bool implicit_tls) {
  auto admission = services_.connections.admit(peer.address, access);
  Shard& shard = *shards_[next_shard_++ % shards_.size()];
  shard.adopt({std::move(fd), {peer, implicit_tls}, std::move(admission), next_session_id()});
}

std::string Service::next_session_id() {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(base::wall_now().time_since_epoch());
  std::array<char, 48> text;
  std::snprintf(text.data(), text.size(), "%08llX.%04llX",
                static_cast<unsigned long long>(seconds.count()),
                static_cast<unsigned long long>(++sessions_));
  return text.data();
}

void Service::on_stop_signal(const char* name) {
  if (drain_until_)
    abort_sessions("stopped");
  else
    begin_drain(name);
}

void Service::begin_drain(const char* reason) {
  const std::chrono::microseconds patience = shutdown_grace_ + kStopMargin;
  common::sd_notify("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(patience.count()));
  obs::Line(obs::Event::stop)
      .token("reason", reason)
      .number("sessions", static_cast<std::int64_t>(services_.connections.open()))
      .write();
  acceptors_.clear();
  for (const auto& shard : shards_) shard->shut_down_sessions();
  drain_until_ = base::now() + shutdown_grace_;
  drain_watch_ = loop_.every(kDrainPoll, [this] { watch_drain(); });
}

void Service::abort_sessions(std::string_view reason) {
  for (const auto& shard : shards_) shard->abort_sessions(reason);
}

void Service::watch_drain() {
  if (services_.connections.open() == 0) return loop_.stop();
  if (base::now() >= *drain_until_) abort_sessions("grace_over");
}

}  // namespace smtp_role
