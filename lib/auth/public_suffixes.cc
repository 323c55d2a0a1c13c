// SPDX-License-Identifier: Apache-2.0
#include "auth/public_suffixes.h"

#include <libpsl.h>

namespace auth {

void PublicSuffixes::Free::operator()(psl_ctx_st* list) const { psl_free(list); }

PublicSuffixes::PublicSuffixes() : list_(psl_latest(nullptr)) {}

// Without a list the library takes every name for a public suffix, so nothing would be aligned that
// is not the same: the safe side.
bool PublicSuffixes::contains(const std::string& name) const {
  return psl_is_public_suffix2(list_.get(), name.c_str(), PSL_TYPE_ANY) != 0;
}

}  // namespace auth
