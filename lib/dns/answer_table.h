// SPDX-License-Identifier: Apache-2.0
// The answers that an evaluation stands on, and the questions that it had in vain.
//
// An evaluation is run with the answers that are there. When it has missed some, its result is
// thrown away, the questions are asked, and it is run again. The last run depends on its arguments
// only, so it can be stored, replayed and explained. Within one message an answer never changes.
//
// Values; no thread safety of their own.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "dns/answer.h"
#include "dns/question.h"

namespace dns {

// One row of a table, as it travels between programs.
struct Entry {
  Question question;
  Answer answer;
  bool operator==(const Entry&) const = default;
  void visit(auto& v) { v(question, answer); }
};

class AnswerTable {
 public:
  AnswerTable() = default;
  explicit AnswerTable(const std::vector<Entry>& entries);

  // The first answer to a question stays.
  void add(const Question& question, Answer answer);
  // Nothing when the question was never answered. The pointer holds while the table lives.
  const Answer* find(const Question& question) const;

  std::size_t size() const { return answers_.size(); }
  std::vector<Entry> entries() const;  // by name, then by type
  bool operator==(const AnswerTable&) const = default;

 private:
  std::map<Question, Answer> answers_;
};

// How evaluations read a table. `answers` must outlive it.
class Lookups {
 public:
  explicit Lookups(const AnswerTable& answers) : answers_(answers) {}

  // Nothing: the answer is missing, which is remembered. A name that cannot be asked does not
  // exist.
  const Answer* find(std::string_view name, Type type);

  // A result counts only when this is so.
  bool complete() const { return missing_.empty(); }
  // Of the answers that were found, all together (DNSSEC): bogus if one is, else the least that is
  // known of one.
  Security security() const { return security_.value_or(Security::Unknown); }
  // Each once, in the order in which they were needed.
  const std::vector<Question>& missing() const { return missing_; }

 private:
  void note(Security security);

  const AnswerTable& answers_;
  std::vector<Question> missing_;
  std::optional<Security> security_;
};

}  // namespace dns
