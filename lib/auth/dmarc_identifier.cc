// SPDX-License-Identifier: Apache-2.0
#include "auth/dmarc_identifier.h"

namespace auth {

using Method = DmarcIdentifier::Method;
using State = DmarcIdentifier::State;

DmarcIdentifier identifier_of(const SpfVerdict& mailfrom) {
  DmarcIdentifier identifier{Method::Spf, State::Failed, mailfrom.domain};
  if (mailfrom.result == SpfResult::Pass) identifier.state = State::Passed;
  if (mailfrom.result == SpfResult::TempError) identifier.state = State::Open;
  return identifier;
}

DmarcIdentifier identifier_of(const DkimVerdict& signature) {
  DmarcIdentifier identifier{Method::Dkim, State::Failed, signature.domain};
  if (signature.result == DkimResult::Pass) identifier.state = State::Passed;
  if (signature.result == DkimResult::TempError) identifier.state = State::Open;
  return identifier;
}

}  // namespace auth
