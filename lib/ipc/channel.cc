// SPDX-License-Identifier: Apache-2.0
#include "ipc/channel.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/assert.h"

namespace ipc {
namespace {

constexpr std::size_t kReadSize = 64u << 10;
constexpr int kReadsPerCall = 16;

// Room for the most descriptors that one recvmsg can bring: more than we accept, for with less room
// the kernel would drop some and we would not know whose.
constexpr std::size_t kMaxFdsPerRead = 253;  // SCM_MAX_FD

union ControlBuffer {
  cmsghdr align;
  std::array<char, CMSG_SPACE(kMaxFdsPerRead * sizeof(int))> bytes;
};

std::vector<base::UniqueFd> take_fds(msghdr& header) {
  std::vector<base::UniqueFd> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

ssize_t send_some(int socket, const char* bytes, std::size_t size, int fd) {
  iovec vector{const_cast<char*>(bytes), size};
  msghdr header{};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  union {
    cmsghdr align;
    std::array<char, CMSG_SPACE(sizeof(int))> bytes;
  } control{};
  if (fd >= 0) {
    header.msg_control = control.bytes.data();
    header.msg_controllen = control.bytes.size();
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(part), &fd, sizeof fd);
  }
  return ::sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

base::Result<std::pair<base::UniqueFd, base::UniqueFd>> Channel::make_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
    return base::Error::system("socketpair", errno);
  return std::pair{base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

base::Status Channel::send_frame(Type type, std::string_view body, base::SharedFd fd) {
  POSTERN_ASSERT((fd != nullptr) == (find_type(static_cast<std::uint8_t>(type))->fds > 0));
  Outgoing outgoing{encode_frame(type, body), 0, std::move(fd)};
  if (queued_bytes_ + outgoing.bytes.size() > kMaxQueuedBytes)
    return base::Error::temporary("the other process does not read its messages");
  queued_bytes_ += outgoing.bytes.size();
  queue_.push_back(std::move(outgoing));
  return flush();
}

base::Status Channel::flush() {
  while (!queue_.empty()) {
    Outgoing& front = queue_.front();
    const ssize_t sent =
        send_some(socket_.get(), front.bytes.data() + front.sent, front.bytes.size() - front.sent,
                  front.fd && front.sent == 0 ? front.fd->get() : -1);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return base::ok();
    // With ECONNRESET it has ended too, and left something of ours unread.
    if (sent < 0)
      return base::Error::system("send to another process", errno == ECONNRESET ? EPIPE : errno);
    front.sent += static_cast<std::size_t>(sent);
    queued_bytes_ -= static_cast<std::size_t>(sent);
    if (front.sent == front.bytes.size()) queue_.pop_front();
  }
  return base::ok();
}

base::Result<bool> Channel::receive() {
  if (lost_) return *lost_;
  std::array<char, kReadSize> buffer;
  ControlBuffer control;
  for (int i = 0; i < kReadsPerCall; ++i) {
    iovec vector{buffer.data(), buffer.size()};
    msghdr header{};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control.bytes.data();
    header.msg_controllen = control.bytes.size();
    const ssize_t count = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return true;
    if (count < 0 && errno == ECONNRESET) return false;
    if (count < 0) return base::Error::system("receive from another process", errno);
    reader_.feed({buffer.data(), static_cast<std::size_t>(count)}, take_fds(header));
    if (count == 0) return false;
    if ((header.msg_flags & MSG_CTRUNC) != 0) {
      lost_ = base::Error::temporary("descriptors were lost: too many are open");
      return *lost_;
    }
  }
  return true;
}

base::Result<std::optional<Message>> Channel::next() {
  if (violation_) return *violation_;
  auto message = reader_.next();
  // Not the other side's fault: here ends what has come whole.
  if (!message && lost_) return std::optional<Message>{};
  if (!message || !*message) return message;
  const auto next = next_state(state_, (*message)->type);
  if (!next) {
    violation_ =
        base::Error::permanent(std::string(name_of((*message)->type)) + " may not come now");
    return *violation_;
  }
  state_ = *next;
  return message;
}

}  // namespace ipc
