// SPDX-License-Identifier: Apache-2.0
// A descriptor that another process of ours sends, and for which no number is free, is lost, and
// the channel that it came over with it. So what strangers cause to be opened leaves some numbers
// free.
//
// Threads: any.
#pragma once

#include <cstdint>

namespace base {

// How many this process may have; RLIM_INFINITY where that is not known.
std::uint64_t descriptor_limit();

inline constexpr int kSpareDescriptors = 64;  // or a quarter of few

// Whether `fd`, just opened, is none of these: the kernel gives the lowest number that is free.
bool leaves_spare_descriptors(int fd);

}  // namespace base
