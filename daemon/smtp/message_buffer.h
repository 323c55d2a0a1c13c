// SPDX-License-Identifier: Apache-2.0
// A message while it comes in: anonymous memory that others later read through its descriptor.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace smtp_role {

// One budget for the messages of all sessions. Threads: any.
class BufferBudget {
 public:
  explicit BufferBudget(std::uint64_t limit_bytes) : limit_(limit_bytes) {}
  bool take(std::uint64_t bytes);
  void give_back(std::uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const std::uint64_t limit_;
  std::atomic<std::uint64_t> used_{0};
};

class MessageBuffer {
 public:
  // `budget` must outlive the buffer.
  static base::Result<std::unique_ptr<MessageBuffer>> make(BufferBudget& budget);
  ~MessageBuffer();
  MessageBuffer(const MessageBuffer&) = delete;
  MessageBuffer& operator=(const MessageBuffer&) = delete;

  base::Status append(std::string_view bytes);
  // From here on nobody can change the content or its size.
  base::Status seal();

  int fd() const { return fd_.get(); }
  std::uint64_t size() const { return size_; }

 private:
  MessageBuffer(base::UniqueFd fd, BufferBudget& budget) : fd_(std::move(fd)), budget_(budget) {}
  base::UniqueFd fd_;
  BufferBudget& budget_;
  std::uint64_t size_ = 0;
};

}  // namespace smtp_role
