// SPDX-License-Identifier: Apache-2.0
// libopendmarc as a second implementation of what a DMARC record makes of a message, by RFC 7489.
// It is told what it judges; nothing that could ask the DNS or open a file is called.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/second_opinion/opinion.h"

namespace auth::second_opinion {

// Domains in A-labels. The guard (dmarc_guard.h) has refused none of it.
struct DmarcQuestion {
  std::string author;
  std::optional<std::string> record;  // nothing: there is none
  std::string organization;           // whose the record is; empty: the author's own
  std::vector<std::string> dkim;      // d= of the signatures that have passed
  std::optional<std::string> spf;     // that has passed, of MAIL FROM
};

// One thread at a time. A permerror: it could not read the record.
DmarcJudgement ask_opendmarc(const DmarcQuestion& question);

}  // namespace auth::second_opinion
