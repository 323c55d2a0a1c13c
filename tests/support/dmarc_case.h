// SPDX-License-Identifier: Apache-2.0
// A case of DMARC: a zone, what SPF and DKIM found, a header, and the verdict that is due. The form
// is that of tests/verify/dmarc/README.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dmarc.h"
#include "auth/verdict.h"
#include "dns/answer.h"
#include "dns/answer_table.h"
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

struct SettledDmarc {
  auth::DmarcVerdict verdict;
  dns::AnswerTable answers;
  int rounds = 0;  // of questions
};

// Evaluates the case with these identifiers until nothing is missed; at most `most` answers are
// added between two runs.
SettledDmarc settle(const DmarcCase& one, const std::vector<auth::DmarcIdentifier>& identifiers,
                    std::size_t most = SIZE_MAX, dns::AnswerTable answers = {});

// All that was found, when `dmarc` was found of the identifiers of the case.
auth::Verdicts verdicts_of(const DmarcCase& one, const auth::DmarcVerdict& dmarc);

// Of every expectation that the form knows, what the verdict says.
std::map<std::string, std::string> expectations_of(const auth::DmarcVerdict& verdict);

}  // namespace support
