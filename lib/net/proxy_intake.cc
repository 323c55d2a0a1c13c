// SPDX-License-Identifier: Apache-2.0
#include "net/proxy_intake.h"

#include <event2/event.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/assert.h"

namespace net {
namespace {

constexpr std::size_t kPeekSize = 1024;  // more than most headers

}  // namespace

ProxyIntake::ProxyIntake(EventLoop& loop, Failed failed, const ProxyLimits& limits)
    : loop_(loop), failed_(std::move(failed)), limits_(limits) {}

void ProxyIntake::take(base::UniqueFd fd, const base::Endpoint& proxy, Adopt adopt) {
  if (waiting_.size() >= limits_.waiting)
    fail(waiting_.begin()->second, "proxy_timeout", "crowded");
  const std::uint64_t number = ++last_number_;
  Waiting arrival{*this, number,           std::move(fd),
                  proxy, std::move(adopt), base::now() + limits_.timeout};
  Waiting& waiting = waiting_.emplace(number, std::move(arrival)).first->second;
  waiting.event.reset(
      event_new(loop_.native(), waiting.fd.get(), EV_READ, &ProxyIntake::ready, &waiting));
  POSTERN_ASSERT(waiting.event != nullptr);
  wait(waiting);
}

// Not EV_PERSIST: that would begin the time anew with every piece.
void ProxyIntake::wait(Waiting& waiting) {
  const timeval rest = to_timeval(waiting.deadline - base::now());
  event_add(waiting.event.get(), &rest);
}

void ProxyIntake::ready(int, short what, void* self) {
  Waiting& waiting = *static_cast<Waiting*>(self);
  if ((what & EV_TIMEOUT) != 0) return waiting.intake.fail(waiting, "proxy_timeout");
  waiting.intake.read(waiting);
}

// Looks first and then takes what is the header's: what follows is for TLS or the session.
void ProxyIntake::read(Waiting& waiting) {
  std::array<char, kPeekSize> buffer;
  const int fd = waiting.fd.get();
  const ssize_t seen = ::recv(fd, buffer.data(), buffer.size(), MSG_PEEK);
  if (seen < 0 && (errno == EAGAIN || errno == EINTR)) return wait(waiting);
  if (seen <= 0) return fail(waiting, "proxy_eof");
  const std::size_t used = waiting.header.read({buffer.data(), static_cast<std::size_t>(seen)});
  // An incomplete header has used all, so the loop does not come back for the same bytes.
  if (::recv(fd, buffer.data(), used, 0) != static_cast<ssize_t>(used))
    return fail(waiting, "proxy_eof");
  switch (waiting.header.state()) {
    case smtp::ProxyHeader::State::Incomplete:
      return wait(waiting);
    case smtp::ProxyHeader::State::Complete:
      return adopt(waiting);
    case smtp::ProxyHeader::State::Invalid:
      return fail(waiting, "proxy_invalid", waiting.header.fault());
  }
}

void ProxyIntake::adopt(Waiting& waiting) {
  const Adopt adopt = std::move(waiting.adopt);
  base::UniqueFd fd = std::move(waiting.fd);
  const auto client = waiting.header.client();
  waiting_.erase(waiting.number);
  adopt(std::move(fd), client);
}

void ProxyIntake::fail(Waiting& waiting, std::string_view reason, std::string_view detail) {
  const base::Endpoint proxy = waiting.proxy;
  waiting_.erase(waiting.number);
  failed_(proxy, reason, detail);
}

}  // namespace net
