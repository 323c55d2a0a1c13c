// SPDX-License-Identifier: Apache-2.0
#include "spool/file_name.h"

#include <unistd.h>

#include <atomic>
#include <chrono>

namespace spool {
namespace {

std::string escaped(char c) {
  if (c == '/') return "\\057";
  if (c == ':') return "\\072";
  return {c};
}

}  // namespace

std::string host_for_file_name(std::string_view host) {
  std::string result;
  for (const char c : host) {
    const std::string piece = escaped(c);
    if (result.size() + piece.size() > kMaxHostBytes) break;
    result += piece;
  }
  return result;
}

std::string unique_file_name(base::WallTime now, std::string_view host) {
  static std::atomic<std::uint64_t> deliveries{0};
  using std::chrono::duration_cast, std::chrono::microseconds, std::chrono::seconds;
  const auto since_epoch = now.time_since_epoch();
  const auto whole = std::chrono::floor<seconds>(since_epoch);
  const auto usec = duration_cast<microseconds>(since_epoch - whole).count();
  const auto n = deliveries.fetch_add(1, std::memory_order_relaxed) + 1;
  std::string name = std::to_string(whole.count()) + ".M" + std::to_string(usec) + "P" +
                     std::to_string(::getpid()) + "Q" + std::to_string(n) + ".";
  return name.append(host);
}

std::string file_name_with_sizes(std::string_view unique_name, std::uint64_t stored_bytes,
                                 std::uint64_t crlf_bytes) {
  return std::string(unique_name) + ",S=" + std::to_string(stored_bytes) +
         ",W=" + std::to_string(crlf_bytes);
}

}  // namespace spool
