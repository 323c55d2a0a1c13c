// SPDX-License-Identifier: Apache-2.0
// The domain that a message says it is from (RFC 9989 section 5.3.1). Threads: any.
#pragma once

#include <string>

#include "auth/dmarc_verdict.h"
#include "mail/header_fields.h"

namespace auth {

struct Author {
  AuthorFault fault = AuthorFault::None;
  std::string domain;  // in A-labels; empty with a fault
  std::string reason;  // of a fault; printable ASCII
};

// Several mailboxes of one domain are that domain's. Whatever else is not one domain is a fault:
// section 11.5 warns of messages that are made so that no policy is found.
Author author_of(const mail::HeaderFields& header);

}  // namespace auth
