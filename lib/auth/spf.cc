// SPDX-License-Identifier: Apache-2.0
#include "auth/spf.h"

namespace auth {

SpfQuery helo_query(const SessionFacts& facts) {
  SpfQuery query;
  query.client = facts.client;
  query.domain = query.sender_domain = query.helo = facts.helo;
  query.receiver = facts.receiver;
  query.time = facts.time;
  return query;
}

SpfQuery mailfrom_query(const SessionFacts& facts) {
  SpfQuery query = helo_query(facts);
  if (facts.mail_from) {
    query.domain = query.sender_domain = facts.mail_from->domain;
    query.local_part = facts.mail_from->local_part;
  }
  return query;
}

SpfVerdict evaluate_helo(const SessionFacts& facts, dns::Lookups& lookups) {
  SpfVerdict verdict = evaluate_spf(helo_query(facts), lookups);
  verdict.security = lookups.security();
  return verdict;
}

SpfVerdict evaluate_mailfrom(const SessionFacts& facts, dns::Lookups& lookups) {
  SpfVerdict verdict = evaluate_spf(mailfrom_query(facts), lookups);
  verdict.security = lookups.security();
  return verdict;
}

}  // namespace auth
