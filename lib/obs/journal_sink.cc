// SPDX-License-Identifier: Apache-2.0
#include "obs/journal_sink.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/time.h"

namespace obs {

void JournalSink::attach(int fd) {
  fd_ = fd;
  stuck_ = false;
}

bool JournalSink::write(std::string_view entry) {
  using std::chrono::milliseconds;
  bool sent = send_now(entry);
  const auto deadline = base::now() + (stuck_ ? milliseconds(0) : kPatience);
  // Other processes fill the room that was waited for.
  while (!sent && (errno == EAGAIN || errno == EINTR) && base::now() < deadline) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - base::now());
    sent = wait_for_room(std::max(left, milliseconds(0))) && send_now(entry);
  }
  stuck_ = !sent;
  return sent;
}

// Without an address, and never by sendmsg(): the confined roles may send no other way here.
bool JournalSink::send_now(std::string_view entry) const {
  return send(fd_, entry.data(), entry.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

bool JournalSink::wait_for_room(std::chrono::milliseconds patience) const {
  pollfd poll_fd{fd_, POLLOUT, 0};
  const bool ready = poll(&poll_fd, 1, static_cast<int>(patience.count())) > 0;
  if (!ready) errno = EAGAIN;
  return ready;
}

}  // namespace obs
