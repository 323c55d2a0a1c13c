// SPDX-License-Identifier: Apache-2.0
#include "auth/dmarc_verdict.h"

#include <array>

namespace auth {

const char* name_of(DmarcResult result) {
  static constexpr std::array kNames = {"none", "pass", "fail", "temperror", "permerror"};
  return kNames.at(static_cast<std::size_t>(result));
}

const char* name_of(DmarcPolicy policy) {
  static constexpr std::array kNames = {"none", "quarantine", "reject"};
  return kNames.at(static_cast<std::size_t>(policy));
}

const char* name_of(DmarcTag tag) {
  static constexpr std::array kNames = {"p", "sp", "np"};
  return kNames.at(static_cast<std::size_t>(tag));
}

const char* name_of(AuthorFault fault) {
  static constexpr std::array kNames = {"none",     "no_from",   "several_froms",
                                        "bad_from", "no_domain", "several_domains"};
  return kNames.at(static_cast<std::size_t>(fault));
}

std::optional<DmarcPolicy> DmarcVerdict::policy() const {
  if (!published || !testing) return published;
  return *published == DmarcPolicy::Reject ? DmarcPolicy::Quarantine : DmarcPolicy::None;
}

}  // namespace auth
