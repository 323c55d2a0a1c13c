// SPDX-License-Identifier: Apache-2.0
// The body of a Judge message, from a smtp that an attacker has taken: a verifier's work on it, and
// all of the rounds with its answers as the DNS, where the client's own questions are answered
// late.
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

std::size_t count(const dns::AnswerTable& answers, const auth::Asked& asked) {
  return answers.size() + asked.open.size() + asked.lost;
}

void check_need(const auth::Facts& facts, const dns::AnswerTable& answers, const auth::Asked& asked,
                const auth::Need& need) {
  const auto& questions = need.questions;
  require(!questions.empty(), "a need has questions");
  require(need.of_sender <= questions.size(), "the sender's are among them");
  require(facts.sender == auth::Cutoff::None || need.of_sender == 0,
          "nothing is asked for the sender behind a cutoff");
  require(facts.client == auth::Cutoff::None || need.of_sender == questions.size(),
          "nothing is asked for the client behind a cutoff");
  require(std::set(questions.begin(), questions.end()).size() == questions.size(),
          "a question is asked once");
  std::size_t fresh = 0;
  for (const dns::Question& question : questions) {
    require(answers.find(question) == nullptr, "what was answered is not asked again");
    if (asked.open.contains(question)) continue;
    require(dns::Question::about(question.name, question.type) == question, "names are normal");
    ++fresh;
  }
  require(fresh == 0 || count(answers, asked) + fresh <= auth::kMaxLookups,
          "the questions are bounded");
  check_size(ipc::Need{0, questions, need.of_sender});
}

void check_verdicts(const auth::Verdicts& verdicts) {
  const std::string packed = ipc::pack(verdicts);
  require(ipc::unpack<auth::Verdicts>(packed) == verdicts, "verdicts travel unchanged");
  check_size(ipc::Judged{0, packed});
}

// The verdicts; nothing: what is needed was checked.
std::optional<auth::Verdicts> work(const auth::Facts& facts, const dns::AnswerTable& answers,
                                   const auth::Asked& asked, auth::Need& need) {
  auto result = auth::verify(facts, answers, asked);
  if (auto* its = std::get_if<auth::Need>(&result)) {
    check_need(facts, answers, asked, *its);
    need = std::move(*its);
    return {};
  }
  check_verdicts(std::get<auth::Verdicts>(result));
  return std::get<auth::Verdicts>(result);
}

void answer(const dns::Question& question, const dns::AnswerTable& zone, dns::AnswerTable& answers,
            auth::Asked& asked) {
  const dns::Answer* known = zone.find(question);
  answers.add(question, known != nullptr ? *known : dns::Answer::of(dns::Status::NoName));
  asked.open.erase(question);
}

// Rounds without the client's answers while the sender's domain waits for others.
void settle(auth::Facts facts, const dns::AnswerTable& zone) {
  facts.sender = facts.client = auth::Cutoff::None;
  auth::Facts ended = facts;
  ended.sender = ended.client = auth::Cutoff::Rounds;
  dns::AnswerTable answers;
  auth::Asked asked;
  auth::Need need;
  while (!work(facts, answers, asked, need)) {
    const auto& questions = need.questions;
    asked.open.insert(questions.begin(), questions.end());
    const std::size_t most = need.of_sender > 0 ? need.of_sender : questions.size();
    for (std::size_t i = 0; i < most; ++i) answer(questions[i], zone, answers, asked);
    auth::Need nothing;
    require(work(ended, answers, asked, nothing).has_value(), "there is an end after every round");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto job = ipc::unpack<ipc::Judge>(input.rest());
  if (!job || job->facts.size() > verify_role::SmtpPeer::kMaxFacts) return 0;
  const auto facts = ipc::unpack<auth::Facts>(job->facts);
  if (!facts) return 0;
  const dns::AnswerTable zone(job->answers);
  auth::Need need;
  work(*facts, zone, {{job->open.begin(), job->open.end()}, job->lost}, need);
  settle(*facts, zone);
  return 0;
}
