// SPDX-License-Identifier: Apache-2.0
// Writes Authentication-Results fields. Standard input, one line for each:
//
//   CLIENT HELO LOCAL-PART DOMAIN REASON NAME
//
// Local part and domain are those of the sender, both empty: the null reverse-path; the reason is
// that of all verdicts, the name that of iprev. Standard output: the field. All as words.h has it.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>

#include "policy/auth_results.h"
#include "support/words.h"

namespace {

using support::decode;

void write_field(const std::string& line) {
  std::istringstream words(line);
  std::string client, helo, local_part, domain, reason, name;
  words >> client >> helo >> local_part >> domain >> reason >> name;
  auth::SessionFacts facts;
  const auto address = base::IpAddress::parse(decode(client));
  if (!address || name.empty()) {
    std::fprintf(stderr, "no case: %s\n", line.c_str());
    std::exit(2);
  }
  facts.client = *address;
  facts.helo = decode(helo);
  if (!decode(domain).empty()) facts.mail_from = {decode(local_part), decode(domain), false};
  auth::Verdicts verdicts;
  verdicts.spf.mailfrom.reason = verdicts.spf.helo.reason = decode(reason);
  verdicts.iprev = {auth::IprevResult::Pass, decode(name), decode(reason)};
  const std::string field = policy::authentication_results("mx.ours.test", facts, verdicts, false);
  std::printf("%s\n", support::encode(field).c_str());
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) write_field(line);
}
