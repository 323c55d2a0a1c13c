// SPDX-License-Identifier: Apache-2.0
// The bodies of all messages between our processes, by their number.
#pragma once

#include <string_view>

#include "ipc/messages.h"

namespace fuzz {

// Whether `body` is one message of this type. Where it is, the body is the only way to write that
// message; another is a property that does not hold.
bool is_message(ipc::Type type, std::string_view body);

}  // namespace fuzz
