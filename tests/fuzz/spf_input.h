// SPDX-License-Identifier: Apache-2.0
// A case of SPF in an input. Lines: client, HELO, local-part, domain, and answers as
// lib/dns/answer_text.h has them, of which those that are none are passed over.
#pragma once

#include <algorithm>
#include <string_view>

#include "auth/spf_eval.h"
#include "dns/answer_text.h"

namespace fuzz {

inline std::string_view take_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  return line;
}

inline auth::SpfQuery take_query(std::string_view& rest) {
  auth::SpfQuery query;
  query.client = base::IpAddress::parse(take_line(rest)).value_or(base::IpAddress());
  query.helo = take_line(rest);
  query.local_part = take_line(rest);
  query.domain = query.sender_domain = take_line(rest);
  query.receiver = "mx.ours.test";
  return query;
}

inline dns::AnswerTable take_zone(std::string_view rest) {
  dns::AnswerTable zone;
  while (!rest.empty()) {
    const auto line = dns::from_text(take_line(rest));
    if (!line) continue;
    for (const auto& [question, answer] : line->entries()) zone.add(question, answer);
  }
  return zone;
}

}  // namespace fuzz
