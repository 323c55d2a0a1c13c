// SPDX-License-Identifier: Apache-2.0
// What `postern verify --record` keeps of a judgement, for --replay: the answers of the DNS, and
// the time, on which a verdict may depend too. It is text for people to read and to change
// (dns/answer_text.h); who the message came from stands in it for them alone.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "auth/session_facts.h"
#include "base/result.h"
#include "base/time.h"
#include "daemon/ctl/lookup_log.h"
#include "dns/answer_table.h"

namespace ctl {

// Bytes of the file. The largest that one judgement can come to: some 300 answers of 64 KiB, each
// octet as "\DDD".
inline constexpr std::size_t kMaxRecord = 128u << 20;

struct Record {
  dns::AnswerTable answers;
  std::optional<base::WallTime> time;  // nothing: somebody wrote it by hand
};

std::string record_of(const auth::SessionFacts& facts, const std::vector<Lookup>& lookups);

// Permanent error "line N: why" for what is no record. The time is that of the first line that says
// one.
base::Result<Record> parse_record(const std::string& text);

}  // namespace ctl
