// SPDX-License-Identifier: Apache-2.0
// The body of a Judge message, from a smtp that an attacker has taken: a verifier's work on it, and
// all of the rounds with its answers as the DNS.
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "auth/verify.h"
#include "daemon/verify/smtp_peer.h"
#include "fuzz/fuzz.h"
#include "ipc/frame.h"
#include "ipc/messages.h"

namespace {

using fuzz::require;

template <class Message>
void check_size(const Message& message) {
  const ipc::TypeInfo* row = ipc::find_type(static_cast<std::uint8_t>(Message::kType));
  require(ipc::pack(message).size() <= row->max_bytes, "an answer fits into its message");
}

void check_need(const auth::Facts& facts, const dns::AnswerTable& answers, const auth::Need& need) {
  const auto& questions = need.questions;
  require(facts.cutoff == auth::Cutoff::None, "nothing is asked behind a cutoff");
  require(!questions.empty(), "a need has questions");
  require(answers.size() + questions.size() <= auth::kMaxLookups, "the questions are bounded");
  require(std::set(questions.begin(), questions.end()).size() == questions.size(),
          "a question is asked once");
  for (const dns::Question& question : questions) {
    require(answers.find(question) == nullptr, "what was answered is not asked again");
    require(dns::Question::about(question.name, question.type) == question, "names are normal");
  }
  check_size(ipc::Need{0, questions});
}

void check_verdicts(const auth::Verdicts& verdicts) {
  const std::string packed = ipc::pack(verdicts);
  require(ipc::unpack<auth::Verdicts>(packed) == verdicts, "verdicts travel unchanged");
  check_size(ipc::Judged{0, packed});
}

// The verdicts; nothing: questions were checked, and asked for in `missing`.
std::optional<auth::Verdicts> work(const auth::Facts& facts, const dns::AnswerTable& answers,
                                   std::vector<dns::Question>& missing) {
  auto result = auth::verify(facts, answers);
  if (auto* need = std::get_if<auth::Need>(&result)) {
    check_need(facts, answers, *need);
    missing = std::move(need->questions);
    return {};
  }
  check_verdicts(std::get<auth::Verdicts>(result));
  return std::get<auth::Verdicts>(result);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto job = ipc::unpack<ipc::Judge>(input.rest());
  if (!job || job->facts.size() > verify_role::SmtpPeer::kMaxFacts) return 0;
  auto facts = ipc::unpack<auth::Facts>(job->facts);
  if (!facts) return 0;
  const dns::AnswerTable zone(job->answers);
  std::vector<dns::Question> missing;
  work(*facts, zone, missing);

  facts->cutoff = auth::Cutoff::None;
  dns::AnswerTable answers;
  while (!work(*facts, answers, missing)) {
    for (const dns::Question& question : missing) {
      const dns::Answer* answer = zone.find(question);
      answers.add(question, answer != nullptr ? *answer : dns::Answer::of(dns::Status::NoName));
    }
    facts->cutoff = auth::Cutoff::Rounds;
    require(work(*facts, answers, missing).has_value(), "there is an end after every round");
    facts->cutoff = auth::Cutoff::None;
  }
  return 0;
}
