// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/counters.h"

#include <cstddef>

namespace smtp_role {
namespace {

constexpr std::size_t kCacheLine = 64;  // bytes

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

struct alignas(kCacheLine) Counters::Figures {
  std::array<std::atomic<std::uint64_t>, common::kCounters.size()> values{};
};

Counters::Counters() : id_(next_id()) {}
Counters::~Counters() = default;

// Whoever counts does so again and again in the same object: it is looked up once.
Counters::Figures& Counters::mine() {
  struct Last {
    std::uint64_t id = 0;
    Figures* figures = nullptr;
  };
  // The other models would call the dynamic linker, and have the program name it as a library.
  [[gnu::tls_model("initial-exec")]] thread_local Last last;
  if (last.figures == nullptr || last.id != id_) {
    const std::lock_guard lock(mutex_);
    auto& figures = threads_[std::this_thread::get_id()];
    if (!figures) figures = std::make_unique<Figures>();
    last = {id_, figures.get()};
  }
  return *last.figures;
}

void Counters::add(common::Counter counter) {
  mine().values.at(static_cast<std::size_t>(counter)).fetch_add(1, std::memory_order_relaxed);
}

void Counters::add_end(std::string_view reason) {
  if (reason.empty()) return;
  for (std::size_t i = 0; i < common::kCounters.size(); ++i)
    if (common::kCounters[i].end_reason == reason) add(static_cast<common::Counter>(i));
}

void Counters::add(const policy::Disposition& disposition) {
  using common::Counter;
  switch (disposition.action) {
    case policy::Action::Deliver:
      if (!disposition.exception.empty()) add(Counter::verdict_excepted);
      return;
    case policy::Action::Quarantine:
      return add(Counter::verdict_quarantined);
    case policy::Action::Reject:
      return add(disposition.check == policy::Check::Dmarc ? Counter::verdict_dmarc_refused
                                                           : Counter::verdict_refused);
    case policy::Action::Defer:
      return add(Counter::verdict_deferred);
  }
}

std::vector<std::uint64_t> Counters::sums() const {
  std::vector<std::uint64_t> sums(common::kCounters.size());
  const std::lock_guard lock(mutex_);
  for (const auto& [thread, figures] : threads_)
    for (std::size_t i = 0; i < sums.size(); ++i)
      sums[i] += figures->values[i].load(std::memory_order_relaxed);
  return sums;
}

}  // namespace smtp_role
