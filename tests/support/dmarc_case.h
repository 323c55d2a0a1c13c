// SPDX-License-Identifier: Apache-2.0
// A case of DMARC: a zone, what SPF and DKIM found, a header, and the verdict that is due. The form
// is that of tests/verify/dmarc/README.md.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dmarc.h"
#include "dns/answer.h"
#include "dns/local_data.h"
#include "dns/question.h"

namespace support {

struct DmarcCase {
  std::string title;
  std::string rule;
  dns::LocalData zone;
  std::map<dns::Question, std::string> dead;  // questions that nobody answers, and why
  std::vector<auth::DmarcIdentifier> identifiers;
  std::string header;  // with the empty line behind it
  // Keys as in the form, beside "asks"; those that are not there are not looked at.
  std::map<std::string, std::string> expected;
  std::vector<std::string> asks;  // sorted; empty: not looked at

  std::vector<std::string>
      complaints;  // about what is not of the form, with the number of its line

  // What the zone has not does not exist.
  dns::Answer answer(const dns::Question& question) const;
};

DmarcCase parse_dmarc_case(std::string_view text);

// Of every expectation that the form knows, what the verdict says.
std::map<std::string, std::string> expectations_of(const auth::DmarcVerdict& verdict);

}  // namespace support
