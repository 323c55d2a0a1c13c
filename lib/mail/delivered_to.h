// SPDX-License-Identifier: Apache-2.0
// Whether a message has been in a mailbox before: a loop (RFC 5321 section 6.3).
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <utility>

#include "mail/address.h"
#include "mail/header_fields.h"

namespace mail {

// Only as much is looked at, from the top: a message that went round has ours there, and a header
// of nothing but these fields must cost no more than others. Domains beyond ASCII make them costly.
inline constexpr std::size_t kMaxDeliveredTo = 100;              // fields
inline constexpr std::size_t kMaxDeliveredToValue = 1000;        // octets; longer ones name nothing
inline constexpr std::size_t kMaxDeliveredToValues = 16u << 10;  // octets of all that are read

// The mailboxes that the fields Delivered-To name, also among others, with a display name or
// comments. A field that does not parse names nothing: ours does.
class DeliveredTo {
 public:
  explicit DeliveredTo(const HeaderFields& header);
  // Local parts are compared without case, domains as A-labels (idn.h).
  bool names(const Address& mailbox) const;

 private:
  std::set<std::pair<std::string, std::string>> mailboxes_;  // as they are compared
};

}  // namespace mail
