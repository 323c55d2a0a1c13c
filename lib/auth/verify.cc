// SPDX-License-Identifier: Apache-2.0
#include "auth/verify.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "auth/iprev.h"
#include "auth/null_mx.h"
#include "auth/spf.h"

namespace auth {
namespace {

// What is still open when no more can be asked. RFC 7208 section 4.6.4 has both: too many lookups
// are a permerror, too much time is a temperror.
struct OpenEnd {
  SpfResult result;
  const char* reason;
};
// In the order of Cutoff.
constexpr std::array kOpenEnds = {
    OpenEnd{SpfResult::PermError, "the checks ask the DNS more than 150 times"},
    OpenEnd{SpfResult::TempError, "the checks ask the DNS more than 20 times in a row"},
    OpenEnd{SpfResult::TempError, "the checks were not done within auth.deadline"},
};
static_assert(kMaxLookups == 150 && kMaxRounds == 20);

const OpenEnd& open_end(Cutoff cutoff) { return kOpenEnds.at(static_cast<std::size_t>(cutoff)); }

void close(SpfVerdict& verdict, const dns::Lookups& lookups, Cutoff cutoff) {
  if (lookups.complete()) return;
  SpfVerdict closed;
  closed.result = open_end(cutoff).result;
  closed.domain = std::move(verdict.domain);
  closed.reason = open_end(cutoff).reason;
  closed.section = "4.6.4";
  verdict = std::move(closed);
}

void close(IprevVerdict& verdict, const dns::Lookups& lookups, Cutoff cutoff) {
  if (!lookups.complete()) verdict = {IprevResult::TempError, "", open_end(cutoff).reason};
}

void close(NullMx& verdict, const dns::Lookups& lookups) {
  if (!lookups.complete()) verdict = NullMx::Unknown;
}

// The questions of one round, what matters most first.
class Questions {
 public:
  explicit Questions(std::size_t answered) : answered_(answered) {}

  // As many as keep the sum of all at most at `most`.
  void add(const dns::Lookups& lookups, std::size_t most) {
    for (const dns::Question& question : lookups.missing()) {
      if (answered_ + questions_.size() >= most) return;
      if (std::find(questions_.begin(), questions_.end(), question) == questions_.end())
        questions_.push_back(question);
    }
  }
  bool empty() const { return questions_.empty(); }
  std::vector<dns::Question> take() { return std::move(questions_); }

 private:
  const std::size_t answered_;
  std::vector<dns::Question> questions_;
};

}  // namespace

std::variant<Verdicts, Need> verify(const Facts& facts, const dns::AnswerTable& answers) {
  const SessionFacts& session = facts.session;
  dns::Lookups null_mx(answers), mailfrom(answers), helo(answers), iprev(answers);
  Verdicts verdicts;
  verdicts.null_mx = session.mail_from ? evaluate_null_mx(session.mail_from->domain, null_mx)
                                       : NullMx::No;  // RFC 7505 is about senders
  verdicts.spf.mailfrom = evaluate_mailfrom(session, mailfrom);
  verdicts.spf.helo = evaluate_helo(session, helo);
  verdicts.iprev = evaluate_iprev(session.client, iprev);

  if (facts.cutoff == Cutoff::None) {
    Questions questions(answers.size());
    questions.add(null_mx, kMaxLookups);
    questions.add(mailfrom, kMaxLookups);
    questions.add(iprev, kMaxLookups);
    questions.add(helo, mailfrom.complete() ? kMaxLookups : kHeloShare);
    if (!questions.empty()) return Need{questions.take()};
  }
  close(verdicts.null_mx, null_mx);
  close(verdicts.spf.mailfrom, mailfrom, facts.cutoff);
  close(verdicts.spf.helo, helo, facts.cutoff);
  close(verdicts.iprev, iprev, facts.cutoff);
  return verdicts;
}

}  // namespace auth
