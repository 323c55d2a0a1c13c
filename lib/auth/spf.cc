// SPDX-License-Identifier: Apache-2.0
#include "auth/spf.h"

#include "auth/spf_eval.h"

namespace auth {

SpfVerdicts evaluate_spf_identities(const SpfFacts& facts, dns::Lookups& lookups) {
  SpfQuery query;
  query.client = facts.client;
  query.domain = query.sender_domain = query.helo = facts.helo;
  query.receiver = facts.receiver;
  query.time = facts.time;
  SpfVerdicts verdicts;
  verdicts.helo = verdicts.mailfrom = evaluate_spf(query, lookups);
  if (facts.mail_from) {
    query.domain = query.sender_domain = facts.mail_from->domain;
    query.local_part = facts.mail_from->local_part;
    verdicts.mailfrom = evaluate_spf(query, lookups);
  }
  return verdicts;
}

}  // namespace auth
