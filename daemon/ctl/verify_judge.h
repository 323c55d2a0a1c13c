// SPDX-License-Identifier: Apache-2.0
// One message judged as the server does it: by its verifier and its resolver, over the clients
// that smtp has. The roles live for that message alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/session_facts.h"
#include "auth/verify.h"
#include "base/account.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "config/config.h"
#include "daemon/ctl/lookup_log.h"
#include "dns/answer_table.h"

namespace ctl {

struct Judges {
  std::optional<base::Account> user;  // whom they become
  base::UniqueFd verify;              // programs
  base::UniqueFd resolve;             // not opened for a replay
};

struct Judgement {
  auth::Verdicts verdicts;
  auth::Facts facts;         // what the verdicts stand on
  dns::AnswerTable answers;  // likewise
  std::vector<Lookup> lookups;
  Milliseconds took{};                // from the first question to the verdicts
  std::vector<std::string> warnings;  // of what is not as it should be
};

struct MessageText {        // its lines end in CRLF
  std::string_view header;  // with the empty line
  std::string_view body;
};

// `recorded`: who answers for the DNS; nullptr: the DNS as the
// configuration has it. It takes as long as auth.deadline allows, and little more. An error: a role
// did not start, or ended. Only for a process with a single thread.
base::Result<Judgement> judge(const Judges& judges, const config::Config& config,
                              const auth::SessionFacts& facts, const MessageText& message,
                              const dns::AnswerTable* recorded);

}  // namespace ctl
