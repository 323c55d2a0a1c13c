// SPDX-License-Identifier: Apache-2.0
// A message with its header and body, and the body of a Judge message, from a smtp that an attacker
// has taken: a verifier's work on it, and all of the rounds with its answers as the DNS, where the
// message comes in parts and the client's own questions are answered late.
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "auth/verdict_check.h"
#include "auth/verify.h"
#include "daemon/verify/smtp_peer.h"
#include "fuzz/fuzz.h"
#include "ipc/frame.h"
#include "ipc/messages.h"
#include "support/auth_message.h"

namespace {

using fuzz::require;

template <class Message>
void check_size(const Message& message) {
  const ipc::TypeInfo* row = ipc::find_type(static_cast<std::uint8_t>(Message::kType));
  require(ipc::pack(message).size() <= row->max_bytes, "an answer fits into its message");
}

std::size_t count(const dns::AnswerTable& answers, const auth::Asked& asked) {
  const std::size_t all = answers.size() + asked.open.size() + asked.lost;
  return all - std::min<std::size_t>(all, asked.of_message);
}

void check_need(const auth::Facts& facts, const dns::AnswerTable& answers, const auth::Asked& asked,
                const auth::Need& need) {
  const auto& questions = need.questions;
  const std::size_t waited_for = std::size_t{need.of_sender} + need.of_message;
  require(waited_for <= questions.size(), "the sender's and the message's are among them");
  require(facts.sender == auth::Cutoff::None || need.of_sender == 0,
          "nothing is asked for the sender behind a cutoff");
  require(facts.message == auth::Cutoff::None || need.of_message == 0,
          "nothing is asked for the message behind a cutoff");
  require(facts.client == auth::Cutoff::None || waited_for == questions.size(),
          "nothing is asked for the client behind a cutoff");
  require(need.of_message <= auth::kMaxMessageLookups, "the message's questions are bounded");
  require(std::set(questions.begin(), questions.end()).size() == questions.size(),
          "a question is asked once");
  std::size_t fresh = 0;  // of the session
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const dns::Question& question = questions[i];
    require(answers.find(question) == nullptr, "what was answered is not asked again");
    if (asked.open.contains(question)) continue;
    require(dns::Question::about(question.name, question.type) == question, "names are normal");
    if (i < need.of_sender || i >= waited_for) ++fresh;
  }
  require(fresh == 0 || count(answers, asked) + fresh <= auth::kMaxLookups,
          "the questions are bounded");
  check_size(ipc::Need{0, questions, need.of_sender, need.of_message});
}

void check_verdicts(const auth::Verdicts& verdicts) {
  const std::string packed = ipc::pack(verdicts);
  require(ipc::unpack<auth::Verdicts>(packed) == verdicts, "verdicts travel unchanged");
  check_size(ipc::Judged{0, packed});
  require(auth::can_be(verdicts), "smtp takes them for verdicts");
}

// The verdicts; nothing: what is needed was checked.
std::optional<auth::Verdicts> work(const auth::Facts& facts, const auth::MessageParts& message,
                                   const dns::AnswerTable& answers, const auth::Asked& asked,
                                   auth::Need& need) {
  auto result = auth::verify(facts, message, answers, asked, support::auth_libraries());
  if (auto* its = std::get_if<auth::Need>(&result)) {
    check_need(facts, answers, asked, *its);
    require(!its->questions.empty() || message.body == nullptr, "a whole message has verdicts");
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

auth::Facts with_cutoff(auth::Facts facts, auth::Cutoff cutoff) {
  facts.sender = facts.message = facts.client = cutoff;
  return facts;
}

// Rounds without the client's answers while the others wait for theirs.
void settle(const auth::Facts& facts, support::AuthMessage& message, const dns::AnswerTable& zone) {
  dns::AnswerTable answers;
  auth::Asked asked;
  auth::Need need;
  auth::MessageParts parts;
  while (!work(facts, parts, answers, asked, need)) {
    const auto& questions = need.questions;
    if (questions.empty()) parts = parts.header == nullptr ? message.header() : message.whole();
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const bool of_message = i >= need.of_sender && i - need.of_sender < need.of_message;
      if (asked.open.insert(questions[i]).second && of_message) ++asked.of_message;
    }
    require(asked.of_message <= auth::kMaxMessageLookups, "the message's questions are bounded");
    const std::size_t waited_for = need.of_sender + need.of_message;
    const std::size_t most = waited_for > 0 ? waited_for : questions.size();
    for (std::size_t i = 0; i < most; ++i) answer(questions[i], zone, answers, asked);
    auth::Need nothing;
    require(work(with_cutoff(facts, auth::Cutoff::Rounds), message.whole(), answers, asked, nothing)
                .has_value(),
            "there is an end after every round");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t text_size = std::size_t{input.byte()} << 8 | input.byte();
  support::AuthMessage message(std::string(input.bytes(text_size)));
  const auto job = ipc::unpack<ipc::Judge>(input.rest());
  if (!job || job->facts.size() > verify_role::SmtpPeer::kMaxFacts) return 0;
  const auto facts = ipc::unpack<auth::Facts>(job->facts);
  if (!facts) return 0;
  const dns::AnswerTable zone(job->answers);
  auth::Need need;
  work(*facts, message.whole(), zone,
       {{job->open.begin(), job->open.end()}, job->lost, job->of_message}, need);
  settle(with_cutoff(*facts, auth::Cutoff::None), message, zone);
  return 0;
}
