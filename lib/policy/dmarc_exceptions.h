// SPDX-License-Identifier: Apache-2.0
// Which [[auth.dmarc.exception]] a message falls under. Pure functions, for any thread.
#pragma once

#include <string>

#include "auth/dkim_verdict.h"
#include "auth/session_facts.h"
#include "policy/settings.h"

namespace policy {

struct ExceptionMatch {
  const DmarcException* exception = nullptr;  // nothing: none, whatever comes of the signatures
  bool open = false;  // it wants a signature that nobody could check for trouble with the DNS
};

// The first that holds on the day of the message; else the first that is open.
ExceptionMatch find_exception(const std::vector<DmarcException>& exceptions,
                              const auth::SessionFacts& facts, const auth::DkimVerdicts& dkim);

// "from 192.0.2.0/24, signed by lists.example.net, until 2027-06-30: why". As the reason, it need
// not be ASCII.
std::string description(const DmarcException& exception);

}  // namespace policy
