// SPDX-License-Identifier: Apache-2.0
// What postern-smtp believes to be verdicts of a verifier that somebody may have taken over.
#include "auth/verdict_check.h"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "auth/dkim_screen.h"
#include "auth/dkim_signature.h"
#include "auth/spf_eval.h"

namespace {

struct Text {
  std::function<std::string&(auth::Verdicts&)> of;
  std::size_t most;
  bool any_bytes;
};

auth::Verdicts with_signature() {
  auth::Verdicts verdicts;
  verdicts.dkim.signatures.resize(1);
  return verdicts;
}

#define TEXT(member, most, any_bytes)                                           \
  Text {                                                                        \
    [](auth::Verdicts& v) -> std::string& { return v.member; }, most, any_bytes \
  }

const std::vector<Text>& texts() {
  using namespace auth;
  static const std::vector<Text> kTexts = {
      TEXT(spf.mailfrom.domain, kMaxVerdictName, true),
      TEXT(spf.mailfrom.reason, kMaxVerdictReason, false),
      TEXT(spf.mailfrom.section, kMaxVerdictSection, false),
      TEXT(spf.mailfrom.mechanism, kMaxVerdictName, false),
      TEXT(spf.mailfrom.explanation, kMaxSpfExplanation, false),
      TEXT(spf.helo.reason, kMaxVerdictReason, false),
      TEXT(iprev.name, kMaxVerdictName, true),
      TEXT(iprev.reason, kMaxVerdictReason, false),
      TEXT(dkim.signatures[0].domain, kMaxVerdictName, false),
      TEXT(dkim.signatures[0].selector, kMaxVerdictName, false),
      TEXT(dkim.signatures[0].identity, kMaxDkimIdentity, false),
      TEXT(dkim.signatures[0].algorithm, kMaxVerdictSection, false),
      TEXT(dkim.signatures[0].signature, kMaxVerdictSection, false),
      TEXT(dkim.signatures[0].reason, kMaxVerdictReason, false),
      TEXT(dkim.signatures[0].section, kMaxVerdictSection, false),
      TEXT(dmarc.author_domain, kMaxVerdictName, true),
      TEXT(dmarc.reason, kMaxVerdictReason, false),
      TEXT(dmarc.section, kMaxVerdictSection, false),
      TEXT(dmarc.organizational_domain, kMaxVerdictName, true),
      TEXT(dmarc.policy_domain, kMaxVerdictName, true),
      TEXT(dmarc.aligned_method, kMaxVerdictSection, false),
      TEXT(dmarc.aligned_domain, kMaxVerdictName, true),
  };
  return kTexts;
}

}  // namespace

TEST_CASE("verdicts: every text has a length, and prose is printable ASCII") {
  auth::Verdicts verdicts = with_signature();
  CHECK(auth::can_be(verdicts));
  for (const Text& text : texts()) {
    std::string& value = text.of(verdicts);
    value.assign(text.most, 'x');
    CHECK(auth::can_be(verdicts));
    value += 'x';
    CHECK_FALSE(auth::can_be(verdicts));
    for (const char* bytes : {"a\r\nX: y", "\x1b[2J", "\xc3\xbc"}) {
      value = bytes;
      CHECK(auth::can_be(verdicts) == text.any_bytes);
    }
    value.clear();
  }
}

TEST_CASE("verdicts: of as many signatures as are listed") {
  auth::Verdicts verdicts;
  verdicts.dkim.signatures.resize(auth::kMaxDkimListed);
  CHECK(auth::can_be(verdicts));
  verdicts.dkim.signatures.emplace_back();
  CHECK_FALSE(auth::can_be(verdicts));
}
