// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/await_message.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace common {
namespace {

// For poll(): milliseconds, or -1 for ever.
int time_left(const std::optional<base::Instant>& deadline) {
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - base::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
}

}  // namespace

base::Result<ipc::Message> await_message(ipc::Channel& channel,
                                         std::optional<base::Instant> deadline) {
  for (;;) {
    const auto open = channel.receive();
    auto message = channel.next();
    if (!message) return message.error();
    if (*message) return std::move(**message);
    // Only now: its last message may have come with the end.
    if (!open) return open.error();
    if (!*open) return base::Error::system("the other process has ended", EPIPE);
    const bool writes = channel.wants_write();
    pollfd ready{channel.fd(), static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN), 0};
    const int count = ::poll(&ready, 1, time_left(deadline));
    if (count < 0 && errno != EINTR) return base::Error::system("poll", errno);
    if (count == 0) return base::Error::system("the other process says nothing", ETIMEDOUT);
    if (const auto sent = writes ? channel.flush() : base::ok(); !sent) return sent.error();
  }
}

}  // namespace common
