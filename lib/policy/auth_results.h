// SPDX-License-Identifier: Apache-2.0
// How verdicts are told to whoever reads the stored message or the log. For any thread.
#pragma once

#include <string>

#include "auth/session_facts.h"
#include "auth/verdict.h"
#include "policy/decide.h"

namespace policy {

// One Authentication-Results field, ending in CRLF (mail/auth_results.h says what it may contain):
// SPF of both identities, iprev, DMARC, and each DKIM signature that is listed, those first that
// passed. Of more signatures than kMaxAuthResults has room for the others are only counted.
// `smtputf8`: of the message.
std::string authentication_results(const std::string& authserv_id, const auth::SessionFacts& facts,
                                   const auth::Verdicts& verdicts, const Disposition& disposition,
                                   bool smtputf8);

// "pass:example.org/selector,fail:example.net/other", those first that passed; "none". Of all that
// are listed, printable ASCII.
std::string dkim_summary(const auth::DkimVerdicts& dkim);

}  // namespace policy
