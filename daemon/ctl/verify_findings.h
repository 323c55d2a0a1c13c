// SPDX-License-Identifier: Apache-2.0
// What each check of a message came to, as `postern verify` shows it: one table for people and for
// programs.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "auth/session_facts.h"
#include "auth/verdict.h"
#include "dns/answer.h"

namespace ctl {

// What only this check has.
struct Detail {
  const char* name;      // "policy_domain"
  nlohmann::json value;  // a text of any bytes, a truth, or null: not known
};

struct Finding {
  const char* check;  // of RFC 8601, as in the field
  std::string of;     // what was checked: "mailfrom", or a signature's number from the top
  std::string name;   // that was looked at, any bytes
  std::string result;
  std::string section;                    // that the result stands on
  std::optional<dns::Security> security;  // of the answers that it stands on; nothing: not told
  std::string reason;
  std::vector<Detail> details;  // of all findings of a check the same
};

// All that were made, those of one check together.
std::vector<Finding> findings_of(const auth::SessionFacts& session, const auth::Verdicts& verdicts);

}  // namespace ctl
