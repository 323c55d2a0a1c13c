// SPDX-License-Identifier: Apache-2.0
#include "dns/answer.h"

#include "base/ascii.h"

namespace dns {

namespace {
constexpr std::size_t kMaxShown = 200;
}

std::string Answer::why() const { return base::printable(reason.substr(0, kMaxShown)); }

}  // namespace dns
