// SPDX-License-Identifier: Apache-2.0
// Judges cases of SPF, for the suites and for the comparison with another implementation. Standard
// input, lines:
//
//   zone                                  a new zone begins; answers follow, lib/dns/answer_text.h
//   .                                     the zone ends; what it has not does not exist
//   case CLIENT HELO [LOCAL-PART DOMAIN]  without the last two: the null reverse-path
//
// and for each case one line on standard output:
//
//   RESULT ROUNDS QUESTIONS MICROSECONDS EXPLANATION REASON
//
// Words are percent-encoded; "%" is the empty one. Each case is evaluated with one more answer a
// run, with all that is asked answered in each run, and with all answers from the start; the
// verdicts must be the same.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>

#include "auth/spf_eval.h"
#include "dns/answer_text.h"
#include "support/settle.h"
#include "support/words.h"

namespace {

using support::decode;
using support::encode;

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(2);
}

void judge(const auth::SpfQuery& query, const dns::AnswerTable& zone) {
  const auto evaluate = [&](dns::Lookups& lookups) { return auth::evaluate_spf(query, lookups); };
  const auto begin = std::chrono::steady_clock::now();
  const auto rounds = support::settle(zone, evaluate);
  const auto time = std::chrono::steady_clock::now() - begin;
  const auto one_by_one = support::settle(zone, evaluate, 1);
  dns::AnswerTable all = rounds.answers;
  for (const auto& [question, answer] : zone.entries()) all.add(question, answer);
  const auto at_once = support::settle(zone, evaluate, SIZE_MAX, all);
  if (!(rounds.verdict == one_by_one.verdict) || !(rounds.verdict == at_once.verdict))
    die("the verdict depends on the order of the answers: " + rounds.verdict.reason);
  if (at_once.rounds != 0) die("a question is new although all were answered");
  std::printf(
      "%s %d %zu %lld %s %s\n", name_of(rounds.verdict.result), rounds.rounds,
      rounds.answers.size(),
      static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(time).count()),
      encode(rounds.verdict.explanation).c_str(), encode(rounds.verdict.reason).c_str());
}

auth::SpfQuery query_of(std::istringstream& words) {
  std::string client, helo, local_part, domain;
  words >> client >> helo >> local_part >> domain;
  const auto address = base::IpAddress::parse(decode(client));
  if (!address) die("not an address: " + client);
  auth::SpfQuery query;
  query.client = *address;
  query.helo = decode(helo);
  query.local_part = decode(local_part);
  query.domain = query.sender_domain = domain.empty() ? query.helo : decode(domain);
  query.receiver = "unknown";
  query.explain = true;
  return query;
}

dns::AnswerTable read_zone() {
  std::string text;
  for (std::string line; std::getline(std::cin, line) && line != ".";) text += line + '\n';
  auto zone = dns::from_text(text);
  if (!zone) die("zone: " + zone.error().reason);
  return *std::move(zone);
}

}  // namespace

int main() {
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
