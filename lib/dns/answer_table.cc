// SPDX-License-Identifier: Apache-2.0
#include "dns/answer_table.h"

#include <algorithm>
#include <utility>

namespace dns {

AnswerTable::AnswerTable(const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) add(entry.question, entry.answer);
}

void AnswerTable::add(const Question& question, Answer answer) {
  answers_.emplace(question, std::move(answer));
}

const Answer* AnswerTable::find(const Question& question) const {
  const auto found = answers_.find(question);
  return found == answers_.end() ? nullptr : &found->second;
}

std::vector<Entry> AnswerTable::entries() const {
  std::vector<Entry> entries;
  entries.reserve(answers_.size());
  for (const auto& [question, answer] : answers_) entries.push_back({question, answer});
  return entries;
}

const Answer* Lookups::find(std::string_view name, Type type) {
  static const Answer no_name = Answer::of(Status::NoName);
  const auto question = Question::about(name, type);
  if (!question) return &no_name;
  const Answer* answer = answers_.find(*question);
  if (answer == nullptr &&
      std::find(missing_.begin(), missing_.end(), *question) == missing_.end()) {
    missing_.push_back(*question);
  }
  if (answer != nullptr) note(answer->security);
  return answer;
}

void Lookups::note(Security security) {
  if (security_ != Security::Bogus)
    security_ =
        security == Security::Bogus ? security : std::min(security_.value_or(security), security);
}

}  // namespace dns
