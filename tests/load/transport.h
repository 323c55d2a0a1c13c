// SPDX-License-Identifier: Apache-2.0
// One client connection: TCP, TLS on top when asked, output at a chosen pace.
//
// Threads: that of the event base. No call calls back; everything is told later, from the loop. An
// object must not be destroyed from within its own callbacks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/unique_fd.h"
#include "load/environment.h"

struct bufferevent;
struct evbuffer;

namespace load {

struct EventFree {
  void operator()(event* handle) const { event_free(handle); }
};
using EventHandle = std::unique_ptr<event, EventFree>;

class TransportHandler {
 public:
  virtual void on_connected() = 0;
  virtual void on_secure() = 0;  // the handshake that start_tls() began is done
  virtual void on_input(evbuffer& input) = 0;
  virtual void on_progress() = 0;                      // some output has left
  virtual void on_end(const std::string& reason) = 0;  // the last call; "closed": an orderly end

 protected:
  ~TransportHandler() = default;
};

class Transport {
 public:
  // `bytes_per_second` 0: as fast as possible. The handshake is never slowed down.
  Transport(const Environment& environment, std::uint32_t bytes_per_second,
            TransportHandler& handler);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // What fails at once is returned as a reason.
  std::optional<std::string> connect(const base::Endpoint& server,
                                     const std::optional<base::IpAddress>& source);
  // Input that came before must have been taken. False: there is some, somebody speaks out of turn.
  bool start_tls();
  void send(std::string_view bytes);
  void reset_at_end();  // a connection that is destroyed is then closed by RST

 private:
  struct Free {
    void operator()(bufferevent* stream) const;
  };
  struct SslFree {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  void adopt(bufferevent* stream);
  void send_piece();
  void ended(short what);
  std::string failure() const;
  static void readable(bufferevent* stream, void* self);
  static void writable(bufferevent* stream, void* self);
  static void event_seen(bufferevent* stream, short what, void* self);
  static void pace_tick(int fd, short what, void* self);

  const Environment& environment_;
  TransportHandler& handler_;
  base::UniqueFd fd_;  // this and ssl_ outlive the stream
  std::unique_ptr<SSL, SslFree> ssl_;
  std::unique_ptr<bufferevent, Free> stream_;
  std::uint32_t bytes_per_second_;
  EventHandle pace_;
  std::string waiting_;  // output that its time has not come for
};

}  // namespace load
