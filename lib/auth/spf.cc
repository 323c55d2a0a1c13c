// SPDX-License-Identifier: Apache-2.0
#include "auth/spf.h"

#include "auth/spf_eval.h"

namespace auth {
namespace {

SpfQuery query_of(const SessionFacts& facts) {
  SpfQuery query;
  query.client = facts.client;
  query.domain = query.sender_domain = query.helo = facts.helo;
  query.receiver = facts.receiver;
  query.time = facts.time;
  return query;
}

}  // namespace

SpfVerdict evaluate_helo(const SessionFacts& facts, dns::Lookups& lookups) {
  return evaluate_spf(query_of(facts), lookups);
}

SpfVerdict evaluate_mailfrom(const SessionFacts& facts, dns::Lookups& lookups) {
  SpfQuery query = query_of(facts);
  if (facts.mail_from) {
    query.domain = query.sender_domain = facts.mail_from->domain;
    query.local_part = facts.mail_from->local_part;
  }
  return evaluate_spf(query, lookups);
}

}  // namespace auth
