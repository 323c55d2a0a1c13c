// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace auth {

struct Settings {
  std::chrono::milliseconds deadline{std::chrono::seconds(40)};  // for all checks of one message
};

}  // namespace auth
