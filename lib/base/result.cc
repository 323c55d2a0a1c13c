// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace base {

Error Error::system(const std::string& what, int error_number) {
  // generic_category().message() is thread-safe, unlike strerror().
  return {Kind::Temporary, what + ": " + std::generic_category().message(error_number),
          error_number};
}

void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "postern: assertion failed: %s (%s:%d)\n", expression, file, line);
  std::abort();
}

}  // namespace base
