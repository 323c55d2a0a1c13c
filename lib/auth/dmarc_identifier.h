// SPDX-License-Identifier: Apache-2.0
// The domains that a message was authenticated for (RFC 9989 section 4.4), one of which may be
// aligned with the author domain. Values; for any thread.
#pragma once

#include <cstdint>
#include <string>

#include "auth/verdict.h"

namespace auth {

struct DmarcIdentifier {
  enum class Method : std::uint8_t { Spf, Dkim };
  enum class State : std::uint8_t {
    Passed,
    Open,   // not known yet, or a temporary error: it might have passed
    Failed  // it has its place among those that are looked at, and is aligned with nothing
  };

  Method method = Method::Dkim;
  State state = State::Failed;
  // d= of a signature, or the domain of MAIL FROM; any bytes. What is no domain name is aligned
  // with nothing.
  std::string domain;

  bool operator==(const DmarcIdentifier&) const = default;
};

// Of the MAIL FROM identity only (section 4.4.2); helo stands in for it exactly when the
// reverse-path is null, which evaluate_mailfrom() has done.
DmarcIdentifier identifier_of(const SpfVerdict& mailfrom);
DmarcIdentifier identifier_of(const DkimVerdict& signature);

}  // namespace auth
