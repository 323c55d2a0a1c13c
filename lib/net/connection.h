// SPDX-License-Identifier: Apache-2.0
// One client: descriptor, TLS and smtp::Session. It moves bytes and keeps deadlines, nothing else;
// what the session asks goes to a handler.
//
// Lifetime: owned by a shard and used in its loop's thread only. It ends itself: on_closed() when
// the session is over, on_gone() when the descriptor is closed too. Then the owner destroys it, but
// never inside a call from it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "net/event_loop.h"
#include "net/tls_context.h"
#include "net/tls_stream.h"
#include "smtp/session.h"

namespace net {

class Connection;

class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  // Questions and news of the session; StartTls and Close are dealt with here. A question is
  // answered by Connection::answer(), from inside the call or later.
  virtual void on_event(Connection& connection, smtp::Event event) = 0;
  virtual void on_tls(Connection& connection, const TlsFacts& facts) = 0;
  // The session is over; on_closed() follows. `reason` is a log token, `detail` is in words.
  virtual void on_tls_failed(Connection& connection, std::string_view reason,
                             const std::string& detail) = 0;
  virtual void on_closed(Connection& connection, std::string_view reason) = 0;
  virtual void on_gone(Connection& connection) = 0;
};

// A client that resets its connection, or ends TLS without close_notify, is gone, and an open
// question with it. One that ended its side in good order may be waiting for what it asked.
class Connection {
 public:
  // `loop`, `settings` and `handler` must outlive this.
  Connection(EventLoop& loop, base::UniqueFd fd, const smtp::PeerFacts& peer,
             std::shared_ptr<const TlsContext> tls, const smtp::Settings& settings,
             ConnectionHandler& handler);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();  // call once, when the handler is ready for events
  void answer(smtp::Ticket ticket, const smtp::Reply& reply);
  // Backpressure: no more events and no more input until release(). Deadlines wait meanwhile, and
  // the time is not counted as the client's.
  void hold();
  void release();
  bool closed() const { return phase_ == Phase::Closed || phase_ == Phase::Lingering; }
  void shut_down();                     // graceful: see smtp::Session::shut_down()
  void abort(std::string_view reason);  // at once, nothing more is said
  // As those of smtp::Session; a client that does not read our last words stands still too. A
  // handshake fails for a "timeout", with the reason of `last` for its detail.
  std::optional<smtp::Standstill> standstill() const;
  void give_way(const smtp::Reply& last);

  smtp::Session& session() { return session_; }
  const base::Endpoint& client() const { return client_; }
  std::uint64_t bytes_in() const { return bytes_in_; }
  std::uint64_t bytes_out() const { return bytes_out_; }

 private:
  // Lingering: everything is said and our side is shut; what the client still sends is read and
  // dropped, for else the kernel would reset the connection and the last reply might be lost. A
  // client that was never greeted has little time for that, and none if it sent nothing: when it
  // was refused nobody counts it any more.
  enum class Phase { Plain, Handshake, Encrypted, Lingering, Closed };

  void run();
  bool step();  // one round of events, output, input; false: wait for the outside
  void pull_events();
  bool flush();
  bool read_some();
  bool begin_handshake();
  bool go_on_with_handshake();
  void fail_handshake(std::string_view reason, const std::string& detail);
  void begin_lingering();
  void finish_handshake();
  bool clear_text_waits() const;
  std::optional<char> peek() const;
  void drop_input();
  void close_now(std::string_view reason);
  Io read(char* buffer, std::size_t size);
  Io write(std::string_view bytes);
  void wait_for(Io::State state);
  void update_watches();
  void on_timer();
  base::Instant next_deadline() const;
  static void ready(int fd, short what, void* self);

  base::UniqueFd fd_;
  base::Endpoint client_;
  const bool tls_first_;
  std::shared_ptr<const TlsContext> tls_context_;
  ConnectionHandler& handler_;
  std::unique_ptr<TlsStream> tls_;
  smtp::Session session_;
  const base::Duration write_timeout_;

  Phase phase_ = Phase::Plain;
  bool running_ = false;
  std::optional<base::Instant> held_since_;
  bool handshake_wanted_ = false;
  bool close_wanted_ = false;
  bool unserved_ = false;  // never greeted
  bool broken_ = false;    // nothing that is said can arrive
  bool reported_ = false;  // on_closed() was called
  std::string_view close_reason_;
  short waiting_for_ = 0;           // EV_READ or EV_WRITE
  int reads_left_ = 1;              // in this turn of the loop
  base::Instant phase_deadline_{};  // of Handshake and Lingering
  base::Instant write_deadline_{};  // while output waits for the peer to read
  bool output_blocked_ = false;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  EventHandle read_event_;
  EventHandle write_event_;
  EventHandle timer_;
};

}  // namespace net
