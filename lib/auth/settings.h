// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace auth {

enum class SecondOpinion : std::uint8_t { Log, Off };

struct DkimSettings {
  unsigned min_rsa_bits = 1024;     // RFC 8301 section 3.2: never less
  std::size_t max_signatures = 10;  // of a message, that are judged
};

struct Settings {
  std::chrono::milliseconds deadline{std::chrono::seconds(40)};  // for all checks of one message
  SecondOpinion second_opinion = SecondOpinion::Log;
};

}  // namespace auth
