// SPDX-License-Identifier: Apache-2.0
// What another implementation says beside our verdicts: for logs, counters and reports, never a
// verdict. Values.
#pragma once

#include <cstdint>
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

// Of one identity.
struct SpfOpinion {
  Outcome outcome = Outcome::NotAsked;
  std::string domain;                  // of the identity, as the client gave it: any bytes
  SpfResult ours = SpfResult::None;    // counts unless the outcome is NotAsked
  SpfResult theirs = SpfResult::None;  // likewise
  std::string reason;                  // why it was not asked; printable ASCII

  bool operator==(const SpfOpinion&) const = default;
  void visit(auto& v) { v(outcome, domain, ours, theirs, reason); }
};

struct Opinions {
  SpfOpinion spf_mailfrom;
  SpfOpinion spf_helo;

  bool operator==(const Opinions&) const = default;
  void visit(auto& v) { v(spf_mailfrom, spf_helo); }
};

}  // namespace auth::second_opinion
