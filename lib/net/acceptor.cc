// SPDX-License-Identifier: Apache-2.0
#include "net/acceptor.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/result.h"
#include "base/spare_descriptors.h"

namespace net {
namespace {

constexpr int kAcceptsPerTurn = 64;  // then other events get their turn
constexpr std::chrono::milliseconds kOutOfDescriptorsPause{100};
constexpr std::chrono::seconds kTroubleInterval{1};

// Replies are written whole; waiting to fill a segment would only delay them.
void send_at_once(int fd) {
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

}  // namespace

Acceptor::Acceptor(EventLoop& loop, base::UniqueFd listener, Adopt adopt, Trouble trouble)
    : listener_(std::move(listener)),
      adopt_(std::move(adopt)),
      trouble_(std::move(trouble)),
      readable_(loop.on_readable(listener_.get(), [this] { accept_some(); })),
      retry_(loop.every(kOutOfDescriptorsPause, [this] { resume(); })) {
  retry_->pause();
}

void Acceptor::accept_some() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    base::UniqueFd fd(accept4(listener_.get(), reinterpret_cast<sockaddr*>(&storage), &length,
                              SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) pause(errno);
      return;  // EAGAIN, or a connection that was gone before we came: the loop calls again
    }
    if (!base::leaves_spare_descriptors(fd.get())) return pause(EMFILE);
    send_at_once(fd.get());
    if (const auto peer = base::Endpoint::from_sockaddr(storage)) adopt_(std::move(fd), *peer);
  }
}

void Acceptor::pause(int error_number) {
  readable_->pause();
  retry_->resume_every(kOutOfDescriptorsPause);
  if (base::now() - last_trouble_ < kTroubleInterval) return;
  last_trouble_ = base::now();
  trouble_(base::Error::system("cannot accept connections", error_number).reason);
}

void Acceptor::resume() {
  retry_->pause();
  readable_->resume();
}

}  // namespace net
