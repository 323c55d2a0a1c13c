// SPDX-License-Identifier: Apache-2.0
// Our own bugs end the process: a wrong state must never be guessed past. Active in every build.
#pragma once

namespace base {

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace base

#define POSTERN_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::base::assertion_failed(#condition, __FILE__, __LINE__))
