// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/load_watch.h"

#include <malloc.h>

#include <algorithm>

#include "base/memory_file.h"
#include "base/spare_descriptors.h"
#include "obs/log.h"

namespace smtp_role {
namespace {

constexpr std::chrono::milliseconds kInterval{250};
constexpr unsigned kLooksPerHeap = 4;  // that one takes milliseconds where the heap is in pieces
// Less than this, or an eighth of spool.min_free where that is less, and no mail at all fits.
constexpr std::uint64_t kLeastSpace = 64u << 20;
// Heap that was freed and may still be ours: so much, or a quarter of the most there was.
constexpr std::uint64_t kKeptHeap = 8u << 20;

// The kernel gives the lowest number that is free, and this call is one that a confined process may
// make.
std::uint64_t descriptors_in_use(std::uint64_t most) {
  const auto probe = base::memory_file("postern-probe");
  return probe ? static_cast<std::uint64_t>(probe->get()) : most;
}

std::uint64_t heap_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

void log_change(const std::optional<policy::Limit>& before,
                const std::optional<policy::Limit>& after, std::string_view what) {
  if (before == after) return;
  obs::Line(obs::Event::shedding)
      .token("state", after ? "begins" : "over")
      .token("what", what)
      .token("limit", policy::rule_of(after ? *after : *before).name)
      .write();
}

}  // namespace

LoadWatch::LoadWatch(net::EventLoop& loop, Services& services)
    : services_(services),
      most_descriptors_(base::descriptor_limit()),
      timer_(loop.every(kInterval, [this] { look(); })) {}

policy::Load LoadWatch::load() const {
  const auto snapshot = services_.snapshot();
  policy::Load load;
  load.most_descriptors = most_descriptors_;
  load.descriptors = descriptors_in_use(most_descriptors_);
  load.memory = heap_ + services_.buffers.used();
  load.most_memory = snapshot->limits.total_memory;
  load.free_space = services_.deliver.free_bytes();
  load.least_space = std::min(kLeastSpace, snapshot->min_free_bytes / 8);
  return load;
}

void LoadWatch::look() {
  if (looks_++ % kLooksPerHeap == 0) {
    heap_ = heap_in_use();
    give_back();
  }
  const policy::Load seen = load();
  services_.gate.set_memory(seen.memory, seen.most_memory);
  apply(shedding_.update(seen));
}

// The allocator by itself returns little of what many sessions had, each its small pieces.
void LoadWatch::give_back() {
  most_heap_ = std::max(most_heap_, heap_);
  if (most_heap_ - heap_ < std::max(kKeptHeap, most_heap_ / 4)) return;
  malloc_trim(0);
  most_heap_ = heap_;
}

void LoadWatch::on_descriptor(int fd) {
  if (!state_.sessions &&
      policy::Shedding::are_scarce(static_cast<std::uint64_t>(fd), most_descriptors_))
    look();
}

void LoadWatch::apply(const policy::Shedding::State& state) {
  services_.gate.shed_sessions(state.sessions);
  services_.gate.shed_mail(state.mail);
  log_change(state_.sessions, state.sessions, "sessions");
  log_change(state_.mail, state.mail, "mail");
  state_ = state;
}

}  // namespace smtp_role
