// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace auth {

enum class SecondOpinion : std::uint8_t { Log, Off };

struct Settings {
  std::chrono::milliseconds deadline{std::chrono::seconds(40)};  // for all checks of one message
  SecondOpinion second_opinion = SecondOpinion::Log;
};

}  // namespace auth
