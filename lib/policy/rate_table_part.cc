// SPDX-License-Identifier: Apache-2.0
#include "policy/rate_table_part.h"

#include <algorithm>
#include <array>
#include <bit>

namespace policy {

RateTable::Part::Index& RateTable::Part::bucket_of(const base::Network& network) {
  return buckets_[network_hash(key_, network) & (buckets_.size() - 1)];
}

RateTable::Part::Index RateTable::Part::index_of(const base::Network& network) {
  Index place = bucket_of(network);
  while (place != kNone && entries_[place].network != network) place = entries_[place].next;
  return place;
}

NetworkAccount* RateTable::Part::find(const base::Network& network) {
  const Index place = index_of(network);
  return place == kNone ? nullptr : &entries_[place].account;
}

NetworkAccount* RateTable::Part::use(const base::Network& network, base::Instant now) {
  Index place = index_of(network);
  if (place == kNone) {
    place = free_place(now);
    if (place == kNone) return nullptr;
    Entry& entry = entries_[place];
    entry.network = network;
    entry.account = NetworkAccount(now);
    entry.next = std::exchange(bucket_of(network), place);
    ++size_;
  } else if (place != newest_) {
    unlink(place);
  } else {
    return &entries_[place].account;
  }
  put_first(place);
  return &entries_[place].account;
}

RateTable::Part::Index RateTable::Part::free_place(base::Instant now) {
  // Above it, too, those may be that had connections when it became less.
  while (size_ >= capacity_)
    if (!evict_oldest_idle()) return kNone;
  if (free_ != kNone) return std::exchange(free_, entries_[free_].next);
  // Never more than it may come to hold.
  if (entries_.size() == entries_.capacity())
    entries_.reserve(std::min(capacity_, std::max<std::size_t>(16, 2 * entries_.size())));
  entries_.push_back({{}, NetworkAccount(now), kNone, kNone, kNone});
  return static_cast<Index>(entries_.size() - 1);
}

// Those with connections that stand before it move to the other end of the list, so that the next
// one to look does not pass them all again.
bool RateTable::Part::evict_oldest_idle() {
  for (std::size_t left = size_; left > 0; --left) {
    const Index oldest = oldest_;
    if (entries_[oldest].account.connections() == 0) {
      remove(oldest);
      return true;
    }
    unlink(oldest);
    put_first(oldest);
  }
  return false;
}

void RateTable::Part::remove(Index place) {
  Index* link = &bucket_of(entries_[place].network);
  while (*link != place) link = &entries_[*link].next;
  *link = entries_[place].next;
  unlink(place);
  entries_[place].next = std::exchange(free_, place);
  --size_;
}

void RateTable::Part::put_first(Index place) {
  Entry& entry = entries_[place];
  entry.newer = kNone;
  entry.older = newest_;
  (newest_ == kNone ? oldest_ : entries_[newest_].newer) = place;
  newest_ = place;
}

void RateTable::Part::unlink(Index place) {
  const Entry& entry = entries_[place];
  (entry.newer == kNone ? newest_ : entries_[entry.newer].older) = entry.older;
  (entry.older == kNone ? oldest_ : entries_[entry.older].newer) = entry.newer;
}

void RateTable::Part::set_capacity(std::size_t capacity) {
  if (capacity == capacity_) return;
  capacity_ = capacity;
  while (size_ > capacity_ && evict_oldest_idle()) {
  }
  move_entries();
  buckets_ = std::vector<Index>(std::bit_ceil(std::max(capacity_, size_)), kNone);
  for (Index i = newest_; i != kNone; i = entries_[i].older)
    entries_[i].next = std::exchange(bucket_of(entries_[i].network), i);
}

// Gives back the memory of free places.
void RateTable::Part::move_entries() {
  std::vector<Entry> moved;
  moved.reserve(size_);
  for (Index i = newest_; i != kNone; i = entries_[i].older) moved.push_back(entries_[i]);
  for (Index i = 0; i < moved.size(); ++i) {
    moved[i].newer = i == 0 ? kNone : i - 1;
    moved[i].older = i + 1 == moved.size() ? kNone : i + 1;
  }
  newest_ = moved.empty() ? kNone : 0;
  oldest_ = moved.empty() ? kNone : static_cast<Index>(moved.size() - 1);
  free_ = kNone;
  entries_ = std::move(moved);
}

}  // namespace policy
