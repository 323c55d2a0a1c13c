// SPDX-License-Identifier: Apache-2.0
// What other implementations say beside our verdicts: for logs, counters and reports, never a
// verdict. Values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "auth/verdict.h"

namespace auth::second_opinion {

enum class Outcome : std::uint8_t { Same, Different, NotAsked, Last_ = NotAsked };

inline const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::Same:
      return "same";
    case Outcome::Different:
      return "different";
    case Outcome::NotAsked:
      break;
  }
  return "not_asked";
}

// Of DMARC: what was found, and what the domain wants done with mail that fails; nothing where it
// has no policy.
struct DmarcJudgement {
  DmarcResult result = DmarcResult::None;
  std::optional<DmarcPolicy> policy;

  bool operator==(const DmarcJudgement&) const = default;
  void visit(auto& v) { v(result, policy); }
};

inline std::string name_of(const DmarcJudgement& said) {  // "fail:reject", "none"
  const std::string result = auth::name_of(said.result);
  return said.policy ? result + ':' + auth::name_of(*said.policy) : result;
}

template <class Judgement>
struct Opinion {
  Outcome outcome = Outcome::NotAsked;
  std::string domain;  // that was judged; of SPF as the client gave it: any bytes
  Judgement ours{};    // counts unless the outcome is NotAsked
  Judgement theirs{};  // likewise
  std::string reason;  // why it was not asked; printable ASCII

  bool operator==(const Opinion&) const = default;
  void visit(auto& v) { v(outcome, domain, ours, theirs, reason); }
};
using SpfOpinion = Opinion<SpfResult>;  // of one identity
using DmarcOpinion = Opinion<DmarcJudgement>;

struct Opinions {
  SpfOpinion spf_mailfrom;
  SpfOpinion spf_helo;
  DmarcOpinion dmarc;

  bool operator==(const Opinions&) const = default;
  void visit(auto& v) { v(spf_mailfrom, spf_helo, dmarc); }
};

// An opinion of any kind, as it is told.
struct OpinionRow {
  const char* check;     // "dmarc", as in Authentication-Results
  const char* identity;  // whose domain it is: "mailfrom"
  const char* library;   // "libopendmarc"
  Outcome outcome;
  std::string domain;
  std::string ours;  // empty when it was not asked
  std::string theirs;
  std::string reason;
};

// All that a message has.
inline auto rows_of(const Opinions& opinions) {
  const auto row = [](const char* check, const char* identity, const char* library,
                      const auto& opinion) {
    const bool asked = opinion.outcome != Outcome::NotAsked;
    return OpinionRow{check,
                      identity,
                      library,
                      opinion.outcome,
                      opinion.domain,
                      asked ? std::string(name_of(opinion.ours)) : "",
                      asked ? std::string(name_of(opinion.theirs)) : "",
                      opinion.reason};
  };
  return std::array{row("spf", "mailfrom", "libspf2", opinions.spf_mailfrom),
                    row("spf", "helo", "libspf2", opinions.spf_helo),
                    row("dmarc", "from", "libopendmarc", opinions.dmarc)};
}

}  // namespace auth::second_opinion
