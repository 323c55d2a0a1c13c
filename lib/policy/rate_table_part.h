// SPDX-License-Identifier: Apache-2.0
// A part of a RateTable: networks whose hashes have something in common, with a lock of their own.
// A hash table by chains, whose entries lie in one vector and in a list by their last use.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

#include "policy/rate_table.h"

namespace policy {

inline std::uint64_t network_hash(const base::SipKey& key, const base::Network& network) {
  std::array<std::uint8_t, 18> bytes{};
  std::copy_n(network.address().bytes().begin(), 16, bytes.begin());
  bytes[16] = static_cast<std::uint8_t>(network.prefix_bits());
  bytes[17] = network.address().is_v4() ? 4 : 6;
  return base::siphash(key, bytes);
}

class RateTable::Part {
 public:
  // `key` must outlive this.
  Part(const base::SipKey& key, std::size_t capacity) : key_(key) { set_capacity(capacity); }

  // Held while anything else is called.
  std::mutex mutex;

  // Null: not there.
  NetworkAccount* find(const base::Network& network);
  // Found or made, and used last of all; null: there is no room, and every network has connections.
  NetworkAccount* use(const base::Network& network, base::Instant now);
  // Those with connections stay, even above it.
  void set_capacity(std::size_t capacity);
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }

  template <class Visit>
  void for_each(Visit visit) const {
    for (Index i = newest_; i != kNone; i = entries_[i].older)
      visit(entries_[i].network, entries_[i].account);
  }

 private:
  using Index = std::uint32_t;
  static constexpr Index kNone = std::numeric_limits<Index>::max();
  struct Entry {
    base::Network network;
    NetworkAccount account;
    Index next;   // with the same bucket; of a free place: the next free one
    Index newer;  // by its last use
    Index older;
  };
  // Beside an entry there are one or two buckets.
  static_assert(sizeof(Entry) + 2 * sizeof(Index) <= kMaxBytesPerNetwork);

  Index& bucket_of(const base::Network& network);
  Index index_of(const base::Network& network);
  Index free_place(base::Instant now);
  bool evict_oldest_idle();
  void remove(Index place);
  void put_first(Index place);
  void unlink(Index place);
  void move_entries();

  const base::SipKey& key_;
  std::vector<Entry> entries_;
  Index free_ = kNone;  // the first empty place in entries_
  std::size_t size_ = 0;
  std::vector<Index> buckets_;
  Index newest_ = kNone;
  Index oldest_ = kNone;
  std::size_t capacity_ = 0;
};

}  // namespace policy
