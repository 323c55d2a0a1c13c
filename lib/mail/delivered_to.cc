// SPDX-License-Identifier: Apache-2.0
#include "mail/delivered_to.h"

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "base/ascii.h"
#include "mail/from.h"
#include "mail/idn.h"

namespace mail {
namespace {

using Key = std::pair<std::string, std::string>;  // local part and domain, as they are compared

Key key(const Address& address) {
  return {base::lower(address.local_part),
          to_a_labels(address.domain).value_or(base::lower(address.domain))};
}

}  // namespace

DeliveredTo::DeliveredTo(const HeaderFields& header) {
  auto fields = header.find_all("Delivered-To");
  fields.resize(std::min(fields.size(), kMaxDeliveredTo));
  std::size_t left = kMaxDeliveredToValues;
  for (const HeaderField& field : fields) {
    if (field.value.size() > std::min(left, kMaxDeliveredToValue)) continue;
    left -= field.value.size();
    const auto parsed = parse_from(field.value);
    const auto* named = std::get_if<std::vector<FromMailbox>>(&parsed);
    if (named == nullptr) continue;
    for (const FromMailbox& mailbox : *named) mailboxes_.insert(key(mailbox.address));
  }
}

bool DeliveredTo::names(const Address& mailbox) const { return mailboxes_.contains(key(mailbox)); }

}  // namespace mail
