// SPDX-License-Identifier: Apache-2.0
// DKIM of a message (RFC 6376, RFC 8301, RFC 8463): each signature has a verdict of its own, and
// none can spoil another.
//
// libopendkim judges; our own code what cannot be said to it, and what it refuses.
//
// What is asked depends on the header alone, so it can be asked while the body still comes. Bounds,
// whatever the message: max_signatures keys and signatures; the body is read once by the library,
// once when one has l= or is for our own code, and once more when the library refuses one. Each
// reading of ours makes two hashes at most, however many signatures there are.
//
// Lines end in CRLF, as in every message that we accept; of others nothing is judged.
#pragma once

#include <cstddef>
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

// A signature that may still pass, as far as the header and the keys tell.
struct OpenDkim {
  std::size_t number = 0;  // of its verdict
  std::string domain;      // d=
};

// Looks for the keys, so that the lookups miss what must be asked. For any thread.
std::vector<OpenDkim> ask_dkim(const mail::HeaderFields& header, const DkimSettings& settings,
                               base::WallTime now, dns::Lookups& lookups);

// The verdicts count only when the lookups are complete afterwards; before, the body is not read.
// Whoever cannot wait for an answer any longer adds a failure in its place: that signature has a
// temporary error then, and the others are judged. The header is whole: what was taken out of it
// may have been signed.
DkimVerdicts verify_dkim(const mail::HeaderFields& header, BodySource& body,
                         const DkimSettings& settings, base::WallTime now, dns::Lookups& lookups,
                         DkimLibrary& library);

// The same by our own code alone: for tests, which compare the two.
DkimVerdicts verify_dkim_without_library(const mail::HeaderFields& header, BodySource& body,
                                         const DkimSettings& settings, base::WallTime now,
                                         dns::Lookups& lookups);

}  // namespace auth
