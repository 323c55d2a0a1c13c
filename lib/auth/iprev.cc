// SPDX-License-Identifier: Apache-2.0
#include "auth/iprev.h"

#include <algorithm>
#include <string>
#include <vector>

#include "dns/name.h"

namespace auth {
namespace {

// All are asked at once; the first that confirms counts.
IprevVerdict confirm(const base::IpAddress& client, const std::vector<std::string>& names,
                     dns::Lookups& lookups) {
  IprevVerdict verdict{IprevResult::Fail, "", "no name leads back to the address"};
  for (const std::string& name : names) {
    const auto* answer = lookups.find(name, client.is_v4() ? dns::Type::A : dns::Type::Aaaa);
    if (answer == nullptr || verdict.result == IprevResult::Pass) continue;
    const auto& addresses = answer->addresses;
    if (answer->failed()) {
      verdict.result = IprevResult::TempError;
      verdict.reason = dns::presentation(name) + ": " + answer->why();
    } else if (std::find(addresses.begin(), addresses.end(), client) != addresses.end()) {
      verdict = {IprevResult::Pass, name, "the name leads back to the address"};
    }
  }
  return verdict;
}

}  // namespace

// Results as RFC 8601 section 2.7.3 has them.
IprevVerdict evaluate_iprev(const base::IpAddress& client, dns::Lookups& lookups) {
  const std::string reverse = dns::reverse_name(client);
  const auto* answer = lookups.find(reverse, dns::Type::Ptr);
  if (answer == nullptr) return {IprevResult::TempError, "", "not yet asked"};
  if (answer->failed()) return {IprevResult::TempError, "", reverse + ": " + answer->why()};
  if (answer->is_void()) return {IprevResult::PermError, "", "the address has no name"};
  std::vector<std::string> names = answer->names;
  names.resize(std::min(names.size(), kMaxIprevNames));
  return confirm(client, names, lookups);
}

}  // namespace auth
