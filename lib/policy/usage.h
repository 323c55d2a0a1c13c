// SPDX-License-Identifier: Apache-2.0
// How much is in use of something that all share. Threads: any.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

namespace policy {

class Usage {
 public:
  Usage() = default;
  Usage(const Usage&) = delete;
  Usage& operator=(const Usage&) = delete;

  // One of it, in use for as long as this lives; must not outlive the Usage.
  class Share {
   public:
    Share(Share&& other) noexcept : usage_(std::exchange(other.usage_, nullptr)) {}
    Share& operator=(Share&&) = delete;
    ~Share() {
      if (usage_ != nullptr) --usage_->used_;
    }

   private:
    friend class Usage;
    explicit Share(Usage* usage) : usage_(usage) {}
    Usage* usage_;
  };

  // Nothing: `most` are in use.
  std::optional<Share> take(std::size_t most) {
    std::size_t used = used_.load();
    do {
      if (used >= most) return std::nullopt;
    } while (!used_.compare_exchange_weak(used, used + 1));
    return Share(this);
  }

  std::size_t used() const { return used_; }

 private:
  std::atomic<std::size_t> used_{0};
};

}  // namespace policy
