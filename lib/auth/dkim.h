// SPDX-License-Identifier: Apache-2.0
// DKIM of a message (RFC 6376, RFC 8301, RFC 8463): each signature has a verdict of its own, and
// none can spoil another.
//
// What is asked depends on the header alone, so it can be asked while the body still comes. Bounds,
// whatever the message: max_signatures keys; the body is read once, once more for each signature
// that signs others (kMaxDkimChains), and once more when one has l=.
//
// Lines end in CRLF, as in every message that we accept; of others nothing is judged.
#pragma once

#include <string>
#include <vector>

#include "auth/dkim_body.h"
#include "auth/dkim_library.h"
#include "auth/dkim_verdict.h"
#include "auth/settings.h"
#include "base/time.h"
#include "dns/answer_table.h"
#include "mail/header_fields.h"

namespace auth {

// Looks for the keys, so that the lookups miss what must be asked. Returns the domains (d=) whose
// signatures may still pass, as far as the header and the keys tell. For any thread.
std::vector<std::string> ask_dkim(const mail::HeaderFields& header, const DkimSettings& settings,
                                  base::WallTime now, dns::Lookups& lookups);

// The verdicts count only when the lookups are complete afterwards; before, the body is not read.
// Whoever cannot wait for an answer any longer adds a failure in its place: that signature has a
// temporary error then, and the others are judged. The header is whole: what was taken out of it
// may have been signed.
DkimVerdicts verify_dkim(const mail::HeaderFields& header, BodySource& body,
                         const DkimSettings& settings, base::WallTime now, dns::Lookups& lookups,
                         DkimLibrary& library);

}  // namespace auth
