// SPDX-License-Identifier: Apache-2.0
#include "memory/counted_memory.h"

#include <event2/event.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::int64_t> bytes_held{0};

void* count(void* block) {
  if (block == nullptr) return block;
  bytes_held += static_cast<std::int64_t>(malloc_usable_size(block));
  return block;
}

void forget(void* block) { bytes_held -= static_cast<std::int64_t>(malloc_usable_size(block)); }

void* allocate(std::size_t size) { return count(std::malloc(size)); }

void* reallocate(void* block, std::size_t size) {
  forget(block);
  return count(std::realloc(block, size));
}

void release(void* block) {
  forget(block);
  std::free(block);
}

}  // namespace

namespace memory {

void count_libevent_too() { event_set_mem_functions(allocate, reallocate, release); }

std::int64_t held() { return bytes_held; }

}  // namespace memory

// Over-aligned types keep the library's own operators and are not counted: the figures of a thread,
// which are made once.
void* operator new(std::size_t size) {
  void* block = allocate(size == 0 ? 1 : size);
  if (block == nullptr) std::abort();
  return block;
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size == 0 ? 1 : size);
}
void operator delete(void* block) noexcept { release(block); }
void operator delete(void* block, std::size_t) noexcept { release(block); }
