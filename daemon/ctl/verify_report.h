// SPDX-License-Identifier: Apache-2.0
// What `postern verify` found, for people and for programs. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/session_facts.h"
#include "auth/verdict.h"
#include "daemon/ctl/lookup_log.h"
#include "daemon/ctl/verify_envelope.h"
#include "daemon/ctl/verify_input.h"
#include "daemon/ctl/verify_opinion.h"
#include "policy/decide.h"
#include "smtp/reply.h"

namespace ctl {

struct VerifyReport {
  std::string file;
  bool replayed = false;
  MessageFacts message;
  auth::SessionFacts session;
  Origins origins;
  std::vector<Lookup> lookups;
  Milliseconds took{};  // from the first question to the verdicts
  auth::Verdicts verdicts;
  policy::Disposition disposition;
  smtp::Reply reply;
  std::string authentication_results;             // the field, as policy writes it
  std::optional<SecondOpinions> second_opinions;  // nothing: not asked for
  std::vector<std::string> warnings;
};

// With line ends. No byte of it can steer a terminal; of the warnings it says nothing.
std::string as_text(const VerifyReport& report);
// One object, its members as postern(8) has them; printable ASCII and line ends.
std::string as_json(const VerifyReport& report);

}  // namespace ctl
