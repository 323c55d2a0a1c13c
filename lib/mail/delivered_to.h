// SPDX-License-Identifier: Apache-2.0
// Whether a message has been in a mailbox before: a loop (RFC 5321 section 6.3).
#pragma once

#include <cstddef>
#include <vector>

#include "mail/address.h"
#include "mail/header_fields.h"

namespace mail {

// Only as much is looked at, from the top: a message that went round has ours there, and a header
// of nothing but these fields must cost no more than others.
inline constexpr std::size_t kMaxDeliveredTo = 100;        // fields
inline constexpr std::size_t kMaxDeliveredToValue = 1000;  // octets; longer ones name nothing

// A field Delivered-To names one of the mailboxes, also among others, with a display name or
// comments. Local parts are compared without case, domains as A-labels (idn.h). A field that does
// not parse names nothing: ours does.
bool delivered_to_any(const HeaderFields& header, const std::vector<Address>& mailboxes);

}  // namespace mail
