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
    OpenEnd{SpfResult::TempError, "the answers to the checks take too much memory"},
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
  Questions(const dns::AnswerTable& answers, const Asked& asked)
      : open_(asked.open), asked_(answers.size() + asked.open.size() + asked.lost) {}

  // What is open already, and as much else as keeps the sum of all at most at `most`.
  void add(const dns::Lookups& lookups, std::size_t most) {
    for (const dns::Question& question : lookups.missing()) {
      if (questions_.size() == kMaxLookups) return;
      if (std::find(questions_.begin(), questions_.end(), question) != questions_.end()) continue;
      if (!open_.contains(question)) {
        if (asked_ >= most) continue;
        ++asked_;
      }
      questions_.push_back(question);
    }
  }
  std::uint32_t size() const { return static_cast<std::uint32_t>(questions_.size()); }
  std::vector<dns::Question> take() { return std::move(questions_); }

 private:
  const std::set<dns::Question>& open_;
  std::size_t asked_;
  std::vector<dns::Question> questions_;
};

}  // namespace

std::variant<Verdicts, Need> verify(const Facts& facts, const dns::AnswerTable& answers,
                                    const Asked& asked) {
  const SessionFacts& session = facts.session;
  dns::Lookups null_mx(answers), mailfrom(answers), helo(answers), iprev(answers);
  Verdicts verdicts;
  verdicts.null_mx = session.mail_from ? evaluate_null_mx(session.mail_from->domain, null_mx)
                                       : NullMx::No;  // RFC 7505 is about senders
  verdicts.spf.mailfrom = evaluate_mailfrom(session, mailfrom);
  verdicts.spf.helo = evaluate_helo(session, helo);
  verdicts.iprev = evaluate_iprev(session.client, iprev);

  Questions questions(answers, asked);
  if (facts.sender == Cutoff::None) {
    questions.add(null_mx, kMaxLookups);
    questions.add(mailfrom, kMaxLookups);
  }
  const std::uint32_t of_sender = questions.size();
  if (facts.client == Cutoff::None) {
    questions.add(iprev, kMaxLookups);
    questions.add(helo, of_sender == 0 ? kMaxLookups : kHeloShare);
  }
  if (questions.size() > 0) return Need{questions.take(), of_sender};
  close(verdicts.null_mx, null_mx);
  close(verdicts.spf.mailfrom, mailfrom, facts.sender);
  close(verdicts.spf.helo, helo, facts.client);
  close(verdicts.iprev, iprev, facts.client);
  return verdicts;
}

}  // namespace auth
