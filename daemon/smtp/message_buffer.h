// SPDX-License-Identifier: Apache-2.0
// The part of a message that is in memory while it comes in.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace smtp_role {

// A part this large goes to deliver, which collects the parts of one message in an unlinked file.
inline constexpr std::uint64_t kPartBytes = 1u << 20;
// The same while the budget is crowded: who sends no more must not keep the memory of all.
inline constexpr std::uint64_t kCrowdedPartBytes = 64u << 10;

// One budget for the messages of all sessions. Threads: any.
class BufferBudget {
 public:
  explicit BufferBudget(std::uint64_t limit_bytes) : limit_(limit_bytes) {}
  void set_limit(std::uint64_t limit_bytes) { limit_ = limit_bytes; }  // what is in use stays
  bool take(std::uint64_t bytes);
  void give_back(std::uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  bool is_crowded() const { return used() > limit_ / 2; }

 private:
  std::atomic<std::uint64_t> limit_;
  std::atomic<std::uint64_t> used_{0};
};

// What has been taken of a budget, given back with this.
class BudgetCharge {
 public:
  BudgetCharge() = default;
  ~BudgetCharge() { release(); }
  BudgetCharge(const BudgetCharge&) = delete;
  BudgetCharge& operator=(const BudgetCharge&) = delete;
  // Always the same budget, which must outlive this.
  bool add(BufferBudget& budget, std::uint64_t bytes);
  void release();

 private:
  BufferBudget* budget_ = nullptr;
  std::uint64_t bytes_ = 0;
};

// Anonymous memory, charged to a budget for as long as somebody owns this or its descriptor.
class MessagePart : public std::enable_shared_from_this<MessagePart> {
 public:
  // `budget` must outlive the part.
  static base::Result<std::shared_ptr<MessagePart>> make(BufferBudget& budget);
  ~MessagePart();
  MessagePart(const MessagePart&) = delete;
  MessagePart& operator=(const MessagePart&) = delete;

  base::Status append(std::string_view bytes);
  std::uint64_t size() const { return size_; }

  // Seals it, so that nobody can change it any more. May be called again.
  base::Result<base::SharedFd> seal();

 private:
  MessagePart(base::UniqueFd fd, BufferBudget& budget) : fd_(std::move(fd)), budget_(budget) {}
  base::UniqueFd fd_;
  BufferBudget& budget_;
  std::uint64_t size_ = 0;
  bool sealed_ = false;
};

}  // namespace smtp_role
