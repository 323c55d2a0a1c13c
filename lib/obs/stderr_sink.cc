// SPDX-License-Identifier: Apache-2.0
#include "obs/stderr_sink.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <string>

#include "obs/log.h"

namespace obs {
namespace {

constexpr int kStderr = STDERR_FILENO;

// systemd names the stream that it connected: "device:inode" (systemd.exec(5), JOURNAL_STREAM).
bool is_journal(const struct stat& status) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  return stream && std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) == stream;
}

}  // namespace

bool stderr_is_journal() {
  struct stat status {};
  return fstat(kStderr, &status) == 0 && is_journal(status);
}

void StderrSink::attach() {
  const std::lock_guard lock(mutex_);
  struct stat status {};
  const bool open = fstat(kStderr, &status) == 0;
  is_socket_ = open && S_ISSOCK(status.st_mode);
  target_ = open && is_journal(status) ? Target::JournalStream : Target::Stream;
  stuck_ = false;
}

bool StderrSink::write(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (inside_line_ && !write_all("\n")) return false;
  inside_line_ = false;
  return write_all(line);
}

bool StderrSink::wait_for_room() {
  pollfd poll_fd{kStderr, POLLOUT, 0};
  const int patience = stuck_ ? 0 : static_cast<int>(kPatience.count());
  const int ready = poll(&poll_fd, 1, patience);
  stuck_ = ready <= 0 || (poll_fd.revents & POLLOUT) == 0;
  return !stuck_;
}

bool StderrSink::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!wait_for_room()) return false;
    // A pipe that is ready takes PIPE_BUF bytes without blocking; a socket may take any number.
    const std::size_t chunk = std::min<std::size_t>(bytes.size(), PIPE_BUF);
    const ssize_t written = is_socket_
                                ? send(kStderr, bytes.data(), chunk, MSG_DONTWAIT | MSG_NOSIGNAL)
                                : ::write(kStderr, bytes.data(), chunk);
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
    inside_line_ = !bytes.empty();
  }
  return true;
}

}  // namespace obs
