// SPDX-License-Identifier: Apache-2.0
// What a judgement asked of the DNS, who answers for the DNS, and what came back.
//
// Threads: that of the loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "dns/answer_table.h"
#include "dns/resolver.h"
#include "net/event_loop.h"

namespace ctl {

using Milliseconds = std::chrono::duration<double, std::milli>;

struct Lookup {
  dns::Question question;
  unsigned round = 0;                // from 1; the questions of a round are asked at once
  std::optional<Milliseconds> took;  // nothing: nobody was asked, or never answered
  dns::Answer answer;
};

// Passes questions on, and keeps them with their answers.
class LookupLog final : public dns::Resolver {
 public:
  // Who comes first asks `source`, which must outlive this and answer no more when it is gone.
  explicit LookupLog(dns::Resolver& source) : source_(source) {}

  void resolve(const dns::Question& question, dns::Payer payer, Done done) override;

  // In the order of asking; what has no answer has failed for `silence`.
  std::vector<Lookup> take(const std::string& silence);

 private:
  dns::Resolver& source_;
  std::vector<Lookup> lookups_;
  std::vector<bool> answered_;
  unsigned round_ = 0;
  bool heard_ = true;  // an answer, since the last question
};

// Answers from a table, and asks nobody.
class RecordedAnswers final : public dns::Resolver {
 public:
  // Both must outlive this.
  RecordedAnswers(net::EventLoop& loop, const dns::AnswerTable& table)
      : loop_(loop), table_(table) {}

  // What is not in the table is a failure.
  void resolve(const dns::Question& question, dns::Payer payer, Done done) override;
  std::size_t missing() const { return missing_; }

 private:
  net::EventLoop& loop_;
  const dns::AnswerTable& table_;
  std::size_t missing_ = 0;
};

}  // namespace ctl
