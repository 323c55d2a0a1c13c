// SPDX-License-Identifier: Apache-2.0
#include "mail/delivered_to.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

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

bool delivered_to_any(const HeaderFields& header, const std::vector<Address>& mailboxes) {
  std::vector<Key> wanted;
  std::transform(mailboxes.begin(), mailboxes.end(), std::back_inserter(wanted), key);
  std::sort(wanted.begin(), wanted.end());
  const auto is_wanted = [&](const FromMailbox& mailbox) {
    return std::binary_search(wanted.begin(), wanted.end(), key(mailbox.address));
  };
  const auto names_one = [&](const HeaderField& field) {
    if (field.value.size() > kMaxDeliveredToValue) return false;
    const auto parsed = parse_from(field.value);
    const auto* named = std::get_if<std::vector<FromMailbox>>(&parsed);
    return named != nullptr && std::any_of(named->begin(), named->end(), is_wanted);
  };
  auto fields = header.find_all("Delivered-To");
  fields.resize(std::min(fields.size(), kMaxDeliveredTo));
  return std::any_of(fields.begin(), fields.end(), names_one);
}

}  // namespace mail
