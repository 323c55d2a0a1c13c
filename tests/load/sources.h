// SPDX-License-Identifier: Apache-2.0
// Source addresses in 127.0.0.0/8, handed out in turn.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/ip_address.h"

namespace load {

class Sources {
 public:
  // "127.0.1.0/24" or "127.0.0.9". A network's first and last address are left out where it has
  // more than two. False: not in 127.0.0.0/8, nothing added.
  bool add(std::string_view text);

  bool empty() const { return count_ == 0; }
  std::uint64_t count() const { return count_; }
  base::IpAddress next();  // not when empty

 private:
  struct Range {
    std::uint32_t first;  // host byte order
    std::uint32_t count;
  };
  std::vector<Range> ranges_;
  std::uint64_t count_ = 0;
  std::uint64_t next_ = 0;
};

}  // namespace load
