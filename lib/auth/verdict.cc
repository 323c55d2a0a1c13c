// SPDX-License-Identifier: Apache-2.0
#include "auth/verdict.h"

#include <array>

namespace auth {

const char* name_of(SpfResult result) {
  static constexpr std::array kNames = {"none",     "neutral",   "pass",     "fail",
                                        "softfail", "temperror", "permerror"};
  return kNames.at(static_cast<std::size_t>(result));
}

const char* name_of(IprevResult result) {
  static constexpr std::array kNames = {"pass", "fail", "temperror", "permerror"};
  return kNames.at(static_cast<std::size_t>(result));
}

}  // namespace auth
