// SPDX-License-Identifier: Apache-2.0
// Writes Authentication-Results fields. Standard input, one line for each:
//
//   CLIENT HELO LOCAL-PART DOMAIN REASON NAME SIGNER IDENTITY COPIES
//
// Local part and domain are those of the sender, both empty: the null reverse-path; the reason is
// that of all verdicts, and of the exception; the name that of iprev; the signer d=, s= and the
// author domain; the identity i=. There are so many copies of the signature. Standard output: the
// field. All as words.h has it.
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
  std::string client, helo, local_part, domain, reason, name, signer, identity, copies;
  words >> client >> helo >> local_part >> domain >> reason >> name >> signer >> identity >> copies;
  auth::SessionFacts facts;
  const auto address = base::IpAddress::parse(decode(client));
  if (!address || copies.empty()) {
    std::fprintf(stderr, "no case: %s\n", line.c_str());
    std::exit(2);
  }
  facts.client = *address;
  facts.helo = decode(helo);
  if (!decode(domain).empty()) facts.mail_from = {decode(local_part), decode(domain), false};
  auth::Verdicts verdicts;
  verdicts.spf.mailfrom.reason = verdicts.spf.helo.reason = decode(reason);
  verdicts.iprev = {auth::IprevResult::Pass, decode(name), decode(reason)};
  verdicts.dmarc.result = auth::DmarcResult::Fail;
  verdicts.dmarc.reason = decode(reason);
  verdicts.dmarc.author_domain = decode(signer);
  verdicts.dmarc.published = auth::DmarcPolicy::Quarantine;
  auth::DkimVerdict signature;
  signature.result = auth::DkimResult::PermError;
  signature.domain = signature.selector = decode(signer);
  signature.identity = decode(identity);
  signature.algorithm = "rsa-sha256";
  signature.signature = "a/b+c==d";
  signature.reason = decode(reason);
  signature.key_security = dns::Security::Secure;
  verdicts.dkim.signatures.assign(std::stoul(copies), signature);
  policy::Disposition disposition;
  disposition.exception = decode(reason);
  const std::string field =
      policy::authentication_results("mx.ours.test", facts, verdicts, disposition, false);
  std::printf("%s\n", support::encode(field).c_str());
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) write_field(line);
}
