// SPDX-License-Identifier: Apache-2.0
// A resolver of tests: runs an evaluation until it misses nothing, with the answers of a zone. What
// the zone has not does not exist.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "dns/answer_table.h"

namespace support {

template <class Verdict>
struct Settled {
  Verdict verdict;
  int rounds = 0;  // of questions
  dns::AnswerTable answers;
};

// `evaluate(dns::Lookups&)` gives a verdict. At most `most` answers are added between two runs.
template <class Evaluate>
auto settle(const dns::AnswerTable& zone, Evaluate evaluate, std::size_t most = SIZE_MAX,
            dns::AnswerTable answers = {}) {
  for (int round = 0;; ++round) {
    dns::Lookups lookups(answers);
    auto verdict = evaluate(lookups);
    if (lookups.complete())
      return Settled<decltype(verdict)>{std::move(verdict), round, std::move(answers)};
    for (std::size_t i = 0; i < std::min(most, lookups.missing().size()); ++i) {
      const dns::Question& question = lookups.missing()[i];
      const dns::Answer* answer = zone.find(question);
      answers.add(question, answer != nullptr ? *answer : dns::Answer::of(dns::Status::NoName));
    }
  }
}

}  // namespace support
