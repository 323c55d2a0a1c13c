// SPDX-License-Identifier: Apache-2.0
// Plans of sessions that know SMTP: mail that is taken, refused, or broken off.
//
// The server must know these domains of senders: `_dmarc.reject.test TXT "v=DMARC1; p=reject"`,
// `fail.test TXT "v=spf1 -all"` (with auth.spf.on_fail = "reject"), `null.test MX 0 .`
#pragma once

#include <cstdint>
#include <string>

#include "load/flood/plan.h"

namespace flood {

Plan good_plan(std::uint64_t number, const std::string& mailbox);
Plan refused_plan(std::uint64_t number, const std::string& mailbox);
Plan broken_off_plan(std::uint64_t number, const std::string& mailbox,
                     const std::string& client_hello);
// For a listener that awaits a PROXY header; versions 1 and 2 in turn.
Plan proxied_plan(std::uint64_t number, const std::string& mailbox);

}  // namespace flood
