// SPDX-License-Identifier: Apache-2.0
// What the programs of this folder read from standard input, lines:
//
//   zone                                  a new zone begins; answers follow, lib/dns/answer_text.h
//   .                                     the zone ends; what it has not does not exist
//   case CLIENT HELO [LOCAL-PART DOMAIN]  without the last two: the null reverse-path
//
// Words are percent-encoded; "%" is the empty one.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>

#include "auth/spf_eval.h"
#include "dns/answer_text.h"
#include "support/words.h"

namespace spf_cases {

[[noreturn]] inline void die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(2);
}

inline auth::SpfQuery query_of(std::istringstream& words) {
  std::string client, helo, local_part, domain;
  words >> client >> helo >> local_part >> domain;
  const auto address = base::IpAddress::parse(support::decode(client));
  if (!address) die("not an address: " + client);
  auth::SpfQuery query;
  query.client = *address;
  query.helo = support::decode(helo);
  query.local_part = support::decode(local_part);
  query.domain = query.sender_domain = domain.empty() ? query.helo : support::decode(domain);
  query.receiver = "unknown";
  query.explain = true;
  return query;
}

inline dns::AnswerTable read_zone() {
  std::string text;
  for (std::string line; std::getline(std::cin, line) && line != ".";) text += line + '\n';
  auto zone = dns::from_text(text);
  if (!zone) die("zone: " + zone.error().reason);
  return *std::move(zone);
}

// Calls judge(query, zone) for every case, in order.
template <class Judge>
void for_each(Judge judge) {
  dns::AnswerTable zone;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "zone") {
      zone = read_zone();
    } else if (verb == "case") {
      judge(query_of(words), zone);
    } else {
      die("neither a zone nor a case: " + line);
    }
  }
}

}  // namespace spf_cases
