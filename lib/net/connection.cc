// SPDX-License-Identifier: Apache-2.0
#include "net/connection.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/assert.h"
#include "smtp/replies.h"

namespace net {
namespace {

constexpr std::size_t kReadSize = 16u << 10;  // one TLS record
constexpr int kReadsPerTurn = 8;              // then other connections get their turn
constexpr std::chrono::seconds kHandshakeTimeout{60};
constexpr std::chrono::seconds kLingerTimeout{2};
constexpr std::chrono::milliseconds kUnservedLingerTimeout{200};

EventHandle make_event(EventLoop& loop, int fd, short what, event_callback_fn callback, void* arg) {
  EventHandle handle(event_new(loop.native(), fd, what, callback, arg));
  POSTERN_ASSERT(handle != nullptr);
  return handle;
}

Io socket_outcome(ssize_t count, Io::State blocked) {
  if (count > 0) return {Io::State::Done, static_cast<std::size_t>(count)};
  if (count == 0) return {Io::State::Closed, 0};
  if (errno == EAGAIN || errno == EINTR) return {blocked, 0};
  return {Io::State::Failed, 0};
}

// A client's last handshake message needs no reply, so the kernel would delay its acknowledgement
// by 40 ms, and a client with Nagle's algorithm holds back its EHLO for as long.
void acknowledge_now(int fd) {
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

}  // namespace

Connection::Connection(EventLoop& loop, base::UniqueFd fd, const smtp::PeerFacts& peer,
                       std::shared_ptr<const TlsContext> tls, const smtp::Settings& settings,
                       ConnectionHandler& handler)
    : fd_(std::move(fd)),
      client_(peer.client),
      tls_first_(peer.implicit_tls),
      tls_context_(std::move(tls)),
      handler_(handler),
      session_(settings, peer, base::now()),
      write_timeout_(settings.command_timeout),
      read_event_(make_event(loop, fd_.get(), EV_READ | EV_PERSIST, &Connection::ready, this)),
      write_event_(make_event(loop, fd_.get(), EV_WRITE | EV_PERSIST, &Connection::ready, this)),
      timer_(make_event(loop, -1, 0, &Connection::ready, this)) {}

Connection::~Connection() = default;

// What has come already is read before the greeting is said: who talks first is no mail client.
// Bytes of a handshake are not the session's.
void Connection::start() {
  if (session_.wants_input()) read_some();
  run();
}

void Connection::answer(smtp::Ticket ticket, const smtp::Reply& reply) {
  session_.answer(ticket, reply, base::now());
  run();
}

void Connection::hold() {
  if (!held_since_) held_since_ = base::now();
}

void Connection::release() {
  if (!held_since_) return;
  const base::Instant now = base::now();
  session_.on_resumed(now - *std::exchange(held_since_, std::nullopt), now);
  run();
}

void Connection::shut_down() {
  session_.shut_down(base::now());
  // Nothing can be said in the middle of a handshake, and its end need not be waited for.
  if (phase_ == Phase::Handshake) return close_now("shutdown");
  run();
}

void Connection::abort(std::string_view reason) {
  if (phase_ != Phase::Closed) close_now(reason);
}

std::optional<smtp::Standstill> Connection::standstill() const {
  if (closed() || held_since_) return std::nullopt;
  if (close_wanted_ && output_blocked_)
    return smtp::Standstill{smtp::Standstill::At::Idle, write_deadline_ - write_timeout_};
  return session_.standstill();
}

void Connection::give_way(const smtp::Reply& last) {
  if (!standstill()) return;
  if (phase_ == Phase::Handshake) {
    handler_.on_tls_failed(*this, "timeout", std::string(last.reason));
    return close_now("tls_failed");
  }
  if (output_blocked_) return close_now(last.reason);
  session_.give_way(last, base::now());
  run();
}

void Connection::ready(int, short what, void* self) {
  auto& connection = *static_cast<Connection*>(self);
  if ((what & EV_TIMEOUT) != 0) connection.on_timer();
  connection.reads_left_ = kReadsPerTurn;
  connection.run();
}

void Connection::run() {
  if (running_ || phase_ == Phase::Closed) return;  // a call from our own handler: the loop goes on
  running_ = true;
  while (step()) {
  }
  running_ = false;
  update_watches();
}

bool Connection::step() {
  waiting_for_ = 0;
  switch (phase_) {
    case Phase::Closed:
      return false;
    case Phase::Lingering:
      return drop_input(), false;
    case Phase::Handshake:
      return go_on_with_handshake();
    case Phase::Plain:
    case Phase::Encrypted:
      break;
  }
  pull_events();
  const std::uint64_t sent_before = bytes_out_;
  if (phase_ == Phase::Closed || !flush() || held_since_) return false;
  // Before the handshake: the end may have come while the 220 waited for the peer to read.
  if (close_wanted_) return begin_lingering(), phase_ == Phase::Lingering;
  // A question is open. The transaction has failed, whatever the answer (RFC 5321
  // section 4.1.1.10).
  if (broken_) return close_now("lost"), false;
  if (handshake_wanted_) return begin_handshake();
  // A session holds back replies above a limit: now that some are gone it may have more.
  if (bytes_out_ != sent_before) return true;
  return session_.wants_input() && read_some();
}

void Connection::pull_events() {
  while (phase_ != Phase::Closed && !held_since_) {
    auto event = session_.next_event();
    if (!event) return;
    if (std::holds_alternative<smtp::StartTls>(*event)) {
      handshake_wanted_ = true;
      // Looked at ahead of the 220: what comes behind it is the handshake's to judge.
      if (!tls_first_ && clear_text_waits()) {
        close_wanted_ = true;
        close_reason_ = smtp::replies::input_behind_starttls().reason;
      }
    } else if (const auto* close = std::get_if<smtp::Close>(&*event)) {
      close_wanted_ = true;
      close_reason_ = close->reason;
      unserved_ = close->unserved;
    } else {
      handler_.on_event(*this, std::move(*event));
    }
  }
}

bool Connection::flush() {
  while (!session_.output().empty()) {
    const Io io = write(session_.output());
    if (io.done()) {
      session_.output_sent(io.bytes);
      bytes_out_ += io.bytes;
      output_blocked_ = false;
      continue;
    }
    if (io.state == Io::State::NeedRead || io.state == Io::State::NeedWrite) {
      if (!output_blocked_) write_deadline_ = base::now() + write_timeout_;
      output_blocked_ = true;
      wait_for(io.state);
    } else {
      close_now(close_wanted_ ? close_reason_ : "lost");
    }
    return false;
  }
  output_blocked_ = false;
  return true;
}

bool Connection::read_some() {
  if (reads_left_ <= 0) {
    // Our turn is over although more may be there; TLS may hold bytes the kernel knows nothing of.
    event_active(read_event_.get(), EV_READ, 0);
    wait_for(Io::State::NeedRead);
    return false;
  }
  --reads_left_;
  std::array<char, kReadSize> buffer;
  const Io io = read(buffer.data(), buffer.size());
  switch (io.state) {
    case Io::State::Done:
      bytes_in_ += io.bytes;
      session_.on_bytes({buffer.data(), io.bytes}, base::now());
      return true;
    case Io::State::Failed:
      if (tls_ != nullptr && tls_->is_flooded()) return close_now("tls_flood"), false;
      broken_ = true;
      [[fallthrough]];
    case Io::State::Closed:
      session_.on_eof(base::now());
      return true;
    case Io::State::NeedRead:
    case Io::State::NeedWrite:
      wait_for(io.state);
      return false;
  }
  return false;
}

bool Connection::begin_handshake() {
  handshake_wanted_ = false;
  tls_ = TlsStream::make(*tls_context_, fd_.get());
  if (tls_ == nullptr) return fail_handshake("other", "out of memory"), false;
  phase_ = Phase::Handshake;
  phase_deadline_ = base::now() + kHandshakeTimeout;
  return true;
}

bool Connection::go_on_with_handshake() {
  const Io io = tls_->handshake();
  switch (io.state) {
    case Io::State::Done:
      phase_ = Phase::Encrypted;
      acknowledge_now(fd_.get());
      tls_context_.reset();
      handler_.on_tls(*this, tls_->facts());
      finish_handshake();
      return true;
    case Io::State::NeedRead:
    case Io::State::NeedWrite:
      wait_for(io.state);
      return false;
    case Io::State::Closed:
      fail_handshake("eof", "connection closed");
      return false;
    case Io::State::Failed:
      fail_handshake(tls_->failure(), tls_->failure_detail());
      return false;
  }
  return false;
}

// What came with the last message of the handshake belongs to what the session hears first: before
// a greeting nobody may speak.
void Connection::finish_handshake() {
  std::array<char, kReadSize> buffer;
  const Io early = tls_->read(buffer.data(), buffer.size());
  const std::size_t count = early.done() ? early.bytes : 0;
  bytes_in_ += count;
  session_.on_tls({buffer.data(), count}, base::now());
}

// No way back to clear text: RFC 3207 leaves the choice to the server, and this server never falls
// back (design, mission).
void Connection::fail_handshake(std::string_view reason, const std::string& detail) {
  handler_.on_tls_failed(*this, reason, detail);
  close_reason_ = "tls_failed";
  begin_lingering();  // the alert OpenSSL has sent should arrive
}

void Connection::begin_lingering() {
  if (tls_ != nullptr) tls_->send_close_notify();
  const bool failed = ::shutdown(fd_.get(), SHUT_WR) != 0;
  const bool sent_nothing = bytes_in_ == 0 && !peek();
  if (failed || (unserved_ && sent_nothing)) return close_now(close_reason_);
  phase_ = Phase::Lingering;
  phase_deadline_ =
      base::now() + (unserved_ ? base::Duration(kUnservedLingerTimeout) : kLingerTimeout);
  waiting_for_ = EV_READ;
  reported_ = true;
  handler_.on_closed(*this, close_reason_);
}

// Behind STARTTLS, beyond what the session could see (CVE-2011-0411). A handshake begins with a
// record of type 22 (RFC 8446 section 5.1).
bool Connection::clear_text_waits() const { return peek().value_or(22) != 22; }

// The next octet that the socket holds, which stays there.
std::optional<char> Connection::peek() const {
  char octet = 0;
  return ::recv(fd_.get(), &octet, 1, MSG_PEEK) > 0 ? std::optional(octet) : std::nullopt;
}

void Connection::drop_input() {
  std::array<char, kReadSize> buffer;
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const Io io =
        socket_outcome(::recv(fd_.get(), buffer.data(), buffer.size(), 0), Io::State::NeedRead);
    if (io.state == Io::State::NeedRead) return wait_for(io.state);
    if (!io.done()) return close_now(close_reason_);
  }
  wait_for(Io::State::NeedRead);  // more than that it must send before the linger time is over
}

void Connection::close_now(std::string_view reason) {
  phase_ = Phase::Closed;
  close_reason_ = reason;
  read_event_.reset();
  write_event_.reset();
  timer_.reset();
  tls_.reset();
  fd_.reset();
  if (!std::exchange(reported_, true)) handler_.on_closed(*this, reason);
  handler_.on_gone(*this);
}

Io Connection::read(char* buffer, std::size_t size) {
  if (tls_ != nullptr) return tls_->read(buffer, size);
  return socket_outcome(::recv(fd_.get(), buffer, size, 0), Io::State::NeedRead);
}

Io Connection::write(std::string_view bytes) {
  if (tls_ != nullptr) return tls_->write(bytes);
  return socket_outcome(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                        Io::State::NeedWrite);
}

void Connection::wait_for(Io::State state) {
  waiting_for_ = state == Io::State::NeedWrite ? EV_WRITE : EV_READ;
}

void Connection::update_watches() {
  if (phase_ == Phase::Closed) return;
  const auto set = [](event* handle, bool wanted) {
    wanted ? event_add(handle, nullptr) : event_del(handle);
  };
  // While a question is open input is watched up to what a session may hold, so that a client that
  // is gone is noticed; behind its end, and while held, nothing is: what comes next is from inside.
  set(read_event_.get(), waiting_for_ == EV_READ);
  set(write_event_.get(), waiting_for_ == EV_WRITE);
  const base::Instant deadline = next_deadline();
  if (deadline == base::Instant::max()) {
    event_del(timer_.get());
    return;
  }
  const timeval tv = to_timeval(deadline - base::now());
  event_add(timer_.get(), &tv);
}

base::Instant Connection::next_deadline() const {
  if (phase_ == Phase::Handshake || phase_ == Phase::Lingering) return phase_deadline_;
  base::Instant deadline = base::Instant::max();
  if (!held_since_) deadline = session_.deadline().value_or(deadline);
  if (output_blocked_) deadline = std::min(deadline, write_deadline_);
  return deadline;
}

void Connection::on_timer() {
  const base::Instant now = base::now();
  if (phase_ == Phase::Closed || now < next_deadline()) return;
  switch (phase_) {
    case Phase::Handshake:
      fail_handshake("timeout", "no handshake in time");
      break;
    case Phase::Lingering:
      close_now(close_reason_);
      break;
    default:
      if (output_blocked_ && now >= write_deadline_)
        close_now("write_timeout");
      else
        session_.on_time(now);
  }
}

}  // namespace net
