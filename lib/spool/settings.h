// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace spool {

struct Settings {
  std::string directory = "/var/lib/postern/mail";
  unsigned writers = 4;
  std::uint64_t min_free = 512u << 20;  // bytes
  std::string hostname;                 // in file names
};

}  // namespace spool
