// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/lookup_log.h"

#include <utility>

#include "base/time.h"

namespace ctl {
namespace {

dns::Answer failure(std::string reason) {
  return dns::Answer::of(dns::Status::Failure, dns::Security::Unknown, std::move(reason));
}

}  // namespace

void LookupLog::resolve(const dns::Question& question, dns::Payer payer, Done done) {
  // A round is asked at once, and the next not before an answer has come.
  if (std::exchange(heard_, false)) ++round_;
  const std::size_t index = lookups_.size();
  lookups_.push_back({question, round_, std::nullopt, {}});
  answered_.push_back(false);
  source_.resolve(question, payer,
                  [this, index, asked = base::now(), done = std::move(done)](dns::Answer answer) {
                    heard_ = true;
                    answered_[index] = true;
                    lookups_[index].took = base::now() - asked;
                    lookups_[index].answer = answer;
                    done(std::move(answer));
                  });
}

std::vector<Lookup> LookupLog::take(const std::string& silence) {
  for (std::size_t i = 0; i < lookups_.size(); ++i)
    if (!answered_[i]) lookups_[i].answer = failure(silence);
  return std::move(lookups_);
}

void RecordedAnswers::resolve(const dns::Question& question, dns::Payer, Done done) {
  const dns::Answer* known = table_.find(question);
  if (known == nullptr) ++missing_;
  auto answer = known != nullptr ? *known : failure("it is not among the recorded answers");
  loop_.post([answer = std::move(answer), done = std::move(done)] { done(answer); });
}

}  // namespace ctl
