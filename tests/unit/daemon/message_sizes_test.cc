// SPDX-License-Identifier: Apache-2.0
// What a message of a stranger can come to fits the messages between programs: a process that has
// more to say than they hold ends.
#include <catch2/catch.hpp>
#include <string>

#include "auth/dkim_screen.h"
#include "auth/verdict_check.h"
#include "auth/verify.h"
#include "dns/name.h"
#include "ipc/frame.h"
#include "ipc/messages.h"

namespace {

template <class Message>
bool fits(const Message& message) {
  return ipc::pack(message).size() <=
         ipc::find_type(static_cast<std::uint8_t>(Message::kType))->max_bytes;
}

}  // namespace

TEST_CASE("sizes: all questions that a message may cost") {
  ipc::Need need;
  need.questions.assign(auth::kMaxLookups + auth::kMaxMessageLookups,
                        {std::string(dns::kMaxName, 'a'), dns::Type::Txt});
  CHECK(fits(need));
}

TEST_CASE("sizes: verdicts on as many signatures as are listed") {
  // Octets: a sentence of ours with some of what a resolver or a library said; with names in it.
  const std::string short_reason(400, 'a'), long_reason(auth::kMaxVerdictReason, 'a');
  const std::string name(dns::kMaxName, 'a'), identity(auth::kMaxDkimIdentity, 'a');
  const std::string section(auth::kMaxVerdictSection, 'a');
  const auth::SpfVerdict spf{{}, name, long_reason, section, name, long_reason, {}};
  auth::Verdicts verdicts;
  verdicts.spf = {spf, spf};
  verdicts.iprev = {{}, name, long_reason};
  verdicts.dkim.signatures.assign(
      auth::kMaxDkimListed,
      {{}, name, name, identity, section, section, short_reason, section, {}, {}});
  verdicts.dmarc.author_domain = verdicts.dmarc.organizational_domain = name;
  verdicts.dmarc.reason = long_reason;
  CHECK(auth::can_be(verdicts));
  CHECK(fits(ipc::Judged{1, ipc::pack(verdicts)}));
}
