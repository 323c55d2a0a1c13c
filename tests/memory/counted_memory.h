// SPDX-License-Identifier: Apache-2.0
// Every block that C++ code and libevent hold in this program; OpenSSL's are its own.
#pragma once

#include <cstdint>

namespace memory {

void count_libevent_too();  // before libevent is used
std::int64_t held();        // bytes, as large as the heap made the blocks; any thread

}  // namespace memory
