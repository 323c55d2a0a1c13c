// SPDX-License-Identifier: Apache-2.0
// Bytes for another process that neither side can change afterwards: a memfd with all seals.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace common {

inline constexpr std::size_t kMaxSealedBytes = 256u << 20;

// Of a base::memory_file(): nobody can change it from then on.
base::Status seal(int fd);

base::Result<base::UniqueFd> sealed_memory(const char* name, std::string_view bytes);

// Whether nobody can change `fd` any more, and it is memory of exactly `size` bytes.
bool is_sealed_memory(int fd, std::size_t size);

// Refuses what is not sealed: its content could change under the reader's eyes.
base::Result<std::string> read_sealed_memory(int fd);

}  // namespace common
