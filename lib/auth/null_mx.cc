// SPDX-License-Identifier: Apache-2.0
#include "auth/null_mx.h"

namespace auth {

NullMx evaluate_null_mx(std::string_view domain, dns::Lookups& lookups) {
  if (domain.starts_with('[')) return NullMx::No;
  const auto* answer = lookups.find(domain, dns::Type::Mx);
  if (answer == nullptr || answer->failed()) return NullMx::Unknown;
  // RFC 7505 section 3: the root, and no other MX beside it.
  const bool is_null = answer->exchanges.size() == 1 && answer->exchanges.front().host.empty();
  return is_null ? NullMx::Yes : NullMx::No;
}

}  // namespace auth
