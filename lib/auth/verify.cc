// SPDX-License-Identifier: Apache-2.0
#include "auth/verify.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "auth/author_domain.h"
#include "auth/dkim.h"
#include "auth/iprev.h"
#include "auth/null_mx.h"
#include "auth/spf.h"
#include "base/assert.h"

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
      : open_(asked.open), asked_(answers.size() + asked.open.size() + asked.lost) {
    asked_ -= std::min<std::size_t>(asked_, asked.of_message);
  }

  // What is open already, and as much else as keeps the sum of all at most at `most`. Returns how
  // many it has added.
  std::uint32_t add(const dns::Lookups& lookups, std::size_t most) {
    return add_if(lookups, [&](const dns::Question& question) {
      if (open_.contains(question)) return true;
      if (asked_ >= most) return false;
      ++asked_;
      return true;
    });
  }
  // Bounded by what they are for (kMaxMessageLookups).
  std::uint32_t add_of_message(const dns::Lookups& lookups) {
    return add_if(lookups, [](const dns::Question&) { return true; });
  }
  bool empty() const { return questions_.empty(); }
  std::vector<dns::Question> take() { return std::move(questions_); }

 private:
  std::uint32_t add_if(const dns::Lookups& lookups, const auto& wanted) {
    const std::size_t before = questions_.size();
    for (const dns::Question& question : lookups.missing()) {
      if (std::find(questions_.begin(), questions_.end(), question) != questions_.end()) continue;
      if (wanted(question)) questions_.push_back(question);
    }
    return static_cast<std::uint32_t>(questions_.size() - before);
  }

  const std::set<dns::Question>& open_;
  std::size_t asked_;
  std::vector<dns::Question> questions_;
};

// Null MX, SPF and iprev: what needs no message.
class SessionChecks {
 public:
  SessionChecks(const Facts& facts, const dns::AnswerTable& answers)
      : null_mx_(answers), mailfrom_(answers), helo_(answers), iprev_(answers) {
    const SessionFacts& session = facts.session;
    verdicts_.null_mx = session.mail_from ? evaluate_null_mx(session.mail_from->domain, null_mx_)
                                          : NullMx::No;  // RFC 7505 is about senders
    verdicts_.spf.mailfrom = evaluate_mailfrom(session, mailfrom_);
    verdicts_.spf.helo = evaluate_helo(session, helo_);
    verdicts_.iprev = evaluate_iprev(session.client, iprev_);
  }

  std::uint32_t ask_of_sender(Questions& questions) const {
    const std::uint32_t of_null_mx = questions.add(null_mx_, kMaxLookups);
    return of_null_mx + questions.add(mailfrom_, kMaxLookups);
  }
  void ask_of_client(Questions& questions, bool sender_waits) const {
    questions.add(iprev_, kMaxLookups);
    questions.add(helo_, sender_waits ? kHeloShare : kMaxLookups);
  }
  // There is no telling yet whether SPF of the sender will pass.
  bool sender_is_open(Cutoff sender) const {
    return sender == Cutoff::None && !mailfrom_.complete();
  }

  // What is still open ends here.
  Verdicts close(const Facts& facts) {
    auth::close(verdicts_.null_mx, null_mx_);
    auth::close(verdicts_.spf.mailfrom, mailfrom_, facts.sender);
    auth::close(verdicts_.spf.helo, helo_, facts.client);
    auth::close(verdicts_.iprev, iprev_, facts.client);
    return verdicts_;
  }

 private:
  dns::Lookups null_mx_, mailfrom_, helo_, iprev_;
  Verdicts verdicts_;
};

// DKIM and DMARC.
class MessageChecks {
 public:
  MessageChecks(const Facts& facts, const mail::HeaderFields& header, Libraries& libraries)
      : facts_(facts), header_(header), author_(author_of(header)), libraries_(libraries) {}

  // All that can be needed, whatever becomes of the signatures. `mailfrom`: nothing while it is
  // open.
  void ask(const SpfVerdict* mailfrom, dns::Lookups& lookups) {
    open_ = open_identifiers(mailfrom, lookups);
    std::vector<DmarcIdentifier> identifiers;
    for (const OpenIdentifier& open : open_) identifiers.push_back(open.identifier);
    evaluate_dmarc(author_, identifiers, libraries_.suffixes, lookups);
  }

  // `answers` are those that ask() was called with last, and it missed none.
  void judge(BodySource& body, const dns::AnswerTable& answers, Verdicts& verdicts) {
    dns::Lookups keys(answers), records(answers);
    verdicts.dkim =
        verify_dkim(header_, body, facts_.dkim, facts_.session.time, keys, libraries_.dkim);
    // The same as were asked about, or more would be missing.
    std::vector<DmarcIdentifier> identifiers;
    for (const OpenIdentifier& open : open_) {
      identifiers.push_back(open.identifier);
      identifiers.back().state =
          open.signature ? identifier_of(verdicts.dkim.signatures[*open.signature]).state
                         : identifier_of(verdicts.spf.mailfrom).state;
    }
    verdicts.dmarc = evaluate_dmarc(author_, identifiers, libraries_.suffixes, records);
    POSTERN_ASSERT(keys.complete() && records.complete());
  }

 private:
  struct OpenIdentifier {
    DmarcIdentifier identifier;            // open
    std::optional<std::size_t> signature;  // the number of its verdict; nothing: it is SPF's
  };

  std::vector<OpenIdentifier> open_identifiers(const SpfVerdict* mailfrom,
                                               dns::Lookups& lookups) const {
    using Method = DmarcIdentifier::Method;
    using State = DmarcIdentifier::State;
    std::vector<OpenIdentifier> open;
    for (OpenDkim& signature : ask_dkim(header_, facts_.dkim, facts_.session.time, lookups))
      open.push_back({{Method::Dkim, State::Open, std::move(signature.domain)}, signature.number});
    if (mailfrom == nullptr || identifier_of(*mailfrom).state != State::Failed)
      open.push_back({{Method::Spf, State::Open, spf_domain()}, std::nullopt});
    return open;
  }

  std::string spf_domain() const {
    return facts_.session.mail_from ? facts_.session.mail_from->domain : facts_.session.helo;
  }

  const Facts& facts_;
  const mail::HeaderFields& header_;
  const Author author_;
  Libraries& libraries_;
  std::vector<OpenIdentifier> open_;  // of the last ask()
};

// The answers, with a failure in the place of each that the message's checks still miss.
dns::AnswerTable cut(const dns::AnswerTable& answers, Cutoff why, const auto& ask) {
  dns::AnswerTable closed = answers;
  for (;;) {
    dns::Lookups lookups(closed);
    ask(lookups);
    if (lookups.complete()) return closed;
    for (const dns::Question& question : lookups.missing())
      closed.add(question, dns::Answer::of(dns::Status::Failure, dns::Security::Unknown,
                                           open_end(why).reason));
  }
}

}  // namespace

std::variant<Verdicts, Need> verify(const Facts& facts, const MessageParts& message,
                                    const dns::AnswerTable& answers, const Asked& asked,
                                    Libraries& libraries) {
  SessionChecks session(facts, answers);
  const bool sender_is_open = session.sender_is_open(facts.sender);
  Verdicts verdicts = session.close(facts);
  std::optional<MessageChecks> checks;
  if (message.header != nullptr) checks.emplace(facts, *message.header, libraries);
  const SpfVerdict* const mailfrom = sender_is_open ? nullptr : &verdicts.spf.mailfrom;
  const auto ask = [&](dns::Lookups& lookups) { checks->ask(mailfrom, lookups); };

  Questions questions(answers, asked);
  Need need;
  if (facts.sender == Cutoff::None) need.of_sender = session.ask_of_sender(questions);
  if (facts.message == Cutoff::None && checks) {
    dns::Lookups lookups(answers);
    ask(lookups);
    need.of_message = questions.add_of_message(lookups);
  }
  if (facts.client == Cutoff::None) session.ask_of_client(questions, need.of_sender > 0);
  if (!questions.empty() || message.body == nullptr) {
    need.questions = questions.take();
    return need;
  }
  if (facts.message == Cutoff::None)
    checks->judge(*message.body, answers, verdicts);
  else
    checks->judge(*message.body, cut(answers, facts.message, ask), verdicts);
  return verdicts;
}

}  // namespace auth
