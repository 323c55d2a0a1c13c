// SPDX-License-Identifier: Apache-2.0
// One end of a connection between two of our processes: messages out and in, never blocking.
//
// It knows no event loop: the owner watches fd() for reading, and for writing while wants_write().
// Messages that the kernel does not take at once wait here, up to kMaxQueuedBytes.
// Threads: one at a time.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ipc/frame.h"
#include "ipc/messages.h"
#include "ipc/protocol.h"

namespace ipc {

// Above it the other side has stopped reading; sending fails and the owner ends the channel.
inline constexpr std::size_t kMaxQueuedBytes = 64u << 20;

class Channel {
 public:
  // `socket`: one end of make_pair(). `state`: what may come in first.
  Channel(base::UniqueFd socket, State state) : socket_(std::move(socket)), state_(state) {}
  // Two connected ends, close-on-exec.
  static base::Result<std::pair<base::UniqueFd, base::UniqueFd>> make_pair();

  int fd() const { return socket_.get(); }
  void close() { socket_.reset(); }  // the other side sees the end
  bool wants_write() const { return !queue_.empty(); }
  std::size_t queued_bytes() const { return queued_bytes_; }  // that the kernel has not taken

  // `fd` goes with a message whose table row says so, and is kept here until it is on its way.
  // EPIPE: the other side has closed.
  template <class T>
  base::Status send(const T& message, const base::SharedFd& fd = nullptr) {
    return send_frame(T::kType, pack(message), fd);
  }
  template <class T>
  base::Status send(const T& message, base::UniqueFd fd) {
    return send(message, base::share(std::move(fd)));
  }
  base::Status flush();  // call when fd() is writable

  // Call when fd() is readable: takes what is there. False when the other side has closed. An error
  // is final too; first comes what is left for next().
  base::Result<bool> receive();
  // The next whole message that may come now. Nothing: none yet, or no more that is whole. An error
  // is final: the stream is damaged, or the other side said what it may not.
  base::Result<std::optional<Message>> next();
  State state() const { return state_; }

 private:
  struct Outgoing {
    std::string bytes;
    std::size_t sent = 0;
    base::SharedFd fd;
  };
  base::Status send_frame(Type type, std::string_view body, base::SharedFd fd);

  base::UniqueFd socket_;
  State state_;
  std::optional<base::Error> violation_;
  std::deque<Outgoing> queue_;
  std::size_t queued_bytes_ = 0;
  FrameReader reader_;
  std::optional<base::Error> lost_;  // descriptors
};

}  // namespace ipc
