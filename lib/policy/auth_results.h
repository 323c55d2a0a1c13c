// SPDX-License-Identifier: Apache-2.0
// How verdicts are told to whoever reads the stored message. For any thread.
#pragma once

#include <string>

#include "auth/session_facts.h"
#include "auth/verdict.h"

namespace policy {

// One Authentication-Results field, ending in CRLF (mail/auth_results.h says what it may contain):
// SPF of both identities, and iprev. `smtputf8`: of the message.
std::string authentication_results(const std::string& authserv_id, const auth::SessionFacts& facts,
                                   const auth::Verdicts& verdicts, bool smtputf8);

}  // namespace policy
