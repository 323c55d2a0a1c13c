// SPDX-License-Identifier: Apache-2.0
#include "load/transport.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/assert.h"

namespace load {
namespace {

constexpr std::uint32_t kPiecesPerSecond = 10;
constexpr std::uint32_t kMicroseconds = 1'000'000;

std::string system_text(int error) { return std::generic_category().message(error); }

void set(int fd, int level, int option) {
  const int one = 1;
  POSTERN_ASSERT(setsockopt(fd, level, option, &one, sizeof one) == 0);
}

// Null, or why the socket cannot have that address.
std::optional<std::string> bind_to(int fd, const base::IpAddress& source) {
  // Else the kernel reserves a port for the address alone, and 28,000 connections would be all.
  set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
  sockaddr_storage storage{};
  const socklen_t length = base::Endpoint{source, 0}.to_sockaddr(storage);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&storage), length) == 0) return std::nullopt;
  return "bind: " + system_text(errno);
}

}  // namespace

void Transport::Free::operator()(bufferevent* stream) const { bufferevent_free(stream); }

Transport::Transport(const Environment& environment, std::uint32_t bytes_per_second,
                     TransportHandler& handler)
    : environment_(environment), handler_(handler), bytes_per_second_(bytes_per_second) {
  if (bytes_per_second_ == 0) return;
  pace_.reset(event_new(environment_.loop, -1, EV_PERSIST, &Transport::pace_tick, this));
  POSTERN_ASSERT(pace_ != nullptr);
}

Transport::~Transport() = default;

std::optional<std::string> Transport::connect(const base::Endpoint& server,
                                              const std::optional<base::IpAddress>& source) {
  sockaddr_storage storage{};
  const socklen_t length = server.to_sockaddr(storage);
  fd_.reset(socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_) return "socket: " + system_text(errno);
  // Every command is waited for; none may wait for the acknowledgement of the one before.
  set(fd_.get(), IPPROTO_TCP, TCP_NODELAY);
  if (source)
    if (auto failed = bind_to(fd_.get(), *source)) return failed;
  // Not by libevent, which loses the reason when the refusal comes at once.
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0 &&
      errno != EINPROGRESS)
    return system_text(errno);
  adopt(bufferevent_socket_new(environment_.loop, fd_.get(), BEV_OPT_DEFER_CALLBACKS));
  bufferevent_socket_connect(stream_.get(), nullptr, 0);  // waits for what has begun
  return std::nullopt;
}

void Transport::adopt(bufferevent* stream) {
  POSTERN_ASSERT(stream != nullptr);
  stream_.reset(stream);
  bufferevent_setcb(stream, &Transport::readable, &Transport::writable, &Transport::event_seen,
                    this);
  bufferevent_enable(stream, EV_READ | EV_WRITE);
}

bool Transport::start_tls() {
  if (evbuffer_get_length(bufferevent_get_input(stream_.get())) != 0) return false;
  ssl_.reset(SSL_new(environment_.tls));
  POSTERN_ASSERT(ssl_ != nullptr);
  bufferevent_setfd(stream_.get(), -1);
  stream_.reset();
  adopt(bufferevent_openssl_socket_new(environment_.loop, fd_.get(), ssl_.get(),
                                       BUFFEREVENT_SSL_CONNECTING, BEV_OPT_DEFER_CALLBACKS));
  return true;
}

void Transport::send(std::string_view bytes) {
  if (bytes_per_second_ == 0) {
    bufferevent_write(stream_.get(), bytes.data(), bytes.size());
    return;
  }
  waiting_ += bytes;
  if (evtimer_pending(pace_.get(), nullptr) != 0) return;
  const std::uint32_t pieces = std::min(bytes_per_second_, kPiecesPerSecond);
  const timeval interval{pieces == 1 ? 1 : 0,
                         pieces == 1 ? 0 : static_cast<suseconds_t>(kMicroseconds / pieces)};
  event_add(pace_.get(), &interval);
}

void Transport::reset_at_end() {
  const linger at_once{1, 0};
  POSTERN_ASSERT(setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
}

void Transport::send_piece() {
  const std::size_t size = std::max<std::size_t>(1, bytes_per_second_ / kPiecesPerSecond);
  const std::string piece = waiting_.substr(0, size);
  waiting_.erase(0, piece.size());
  bufferevent_write(stream_.get(), piece.data(), piece.size());
  if (waiting_.empty()) event_del(pace_.get());
  handler_.on_progress();
}

void Transport::readable(bufferevent* stream, void* self) {
  static_cast<Transport*>(self)->handler_.on_input(*bufferevent_get_input(stream));
}

void Transport::writable(bufferevent*, void* self) {
  static_cast<Transport*>(self)->handler_.on_progress();
}

void Transport::event_seen(bufferevent*, short what, void* self) {
  auto& transport = *static_cast<Transport*>(self);
  if ((what & BEV_EVENT_CONNECTED) == 0) return transport.ended(what);
  transport.ssl_ ? transport.handler_.on_secure() : transport.handler_.on_connected();
}

void Transport::pace_tick(int, short, void* self) { static_cast<Transport*>(self)->send_piece(); }

void Transport::ended(short what) {
  bufferevent_disable(stream_.get(), EV_READ | EV_WRITE);
  if (pace_) event_del(pace_.get());
  handler_.on_end((what & BEV_EVENT_EOF) != 0 ? "closed" : failure());
}

std::string Transport::failure() const {
  if (ssl_)
    if (const unsigned long error = bufferevent_get_openssl_error(stream_.get()); error != 0) {
      const char* text = ERR_reason_error_string(error);
      return text != nullptr ? text : "TLS error";
    }
  const int error = EVUTIL_SOCKET_ERROR();
  return error != 0 ? system_text(error) : "broken off";
}

}  // namespace load
