// SPDX-License-Identifier: Apache-2.0
// Authentication-Results: what we write is valid and reads as ours, and who claims to be us. First
// byte: whether UTF-8 may be written, and how often the signatures stand there; two strings with
// their sizes in front: a reason and a value; the rest is the value of a field that came with a
// message.
#include "mail/auth_results.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "fuzz/fuzz.h"
#include "mail/rfc5322_lexer.h"
#include "policy/auth_results.h"
#include "support/auth_results_reader.h"

namespace {

using fuzz::require;

const std::string kId = "mx.ours.test";
// Of a signature. For the most, when they are long, there is no room.
constexpr unsigned kCopies[] = {0, 1, 2, 24};

bool is_ours(std::string_view value, std::string_view id = kId) {
  return mail::is_our_auth_results({{}, "Authentication-Results", value}, id);
}

bool is_kept(std::string_view text) {
  return text.size() <= mail::kMaxAuthValue &&
         std::all_of(text.begin(), text.end(), base::is_printable);
}

mail::AuthResult read_one(const mail::AuthResultsField& written, bool smtputf8) {
  const std::string& field = written.text();
  const auto read = support::AuthResultsReader::read(field, smtputf8);
  require(read && read->authserv_id == kId && read->results.size() == 1, "the field is valid");
  const mail::HeaderFields header(field);
  require(header.all().size() == 1, "it is one field");
  require(mail::is_our_auth_results(header.all().front(), kId), "it is ours");
  require(!mail::is_our_auth_results(header.all().front(), "ours.test"), "it is nobody else's");
  return read->results.front();
}

void check_written(const std::string& reason, const std::string& value, bool smtputf8) {
  mail::AuthResultsField field(kId, smtputf8);
  require(field.add({"spf", "pass", reason, {{"smtp.helo", value}}}), "there is room for one");
  const mail::AuthResult result = read_one(field, smtputf8);
  require(result.method == "spf" && result.result == "pass" && result.properties.size() == 1 &&
              result.properties.front().name == "smtp.helo",
          "nothing leaves its place");
  require(!is_kept(reason) || result.reason == reason, "the reason is there");
  require(!is_kept(value) || result.properties.front().value == value, "the value is there");
}

// All that is ever told, each text being a stranger's. More than is in any verdict.
auth::Verdicts verdicts_of(const std::string& reason, const std::string& value, unsigned copies) {
  auth::Verdicts verdicts;
  verdicts.spf.mailfrom.reason = verdicts.spf.helo.reason = verdicts.iprev.reason = reason;
  verdicts.spf.mailfrom.security = verdicts.dmarc.security = dns::Security::Secure;
  verdicts.iprev.name = verdicts.dmarc.author_domain = value;
  verdicts.dmarc.reason = reason;
  verdicts.dmarc.published = auth::DmarcPolicy::Reject;
  auth::DkimVerdict signature;
  signature.domain = signature.selector = signature.identity = signature.signature = value;
  signature.algorithm = signature.reason = reason;
  signature.key_security = dns::Security::Insecure;
  verdicts.dkim.signatures.assign(copies, signature);
  verdicts.dkim.unlisted = copies / 3;
  return verdicts;
}

void check_all_verdicts(const std::string& reason, const std::string& value, unsigned copies,
                        bool smtputf8) {
  auth::SessionFacts facts;
  facts.helo = value;
  policy::Disposition disposition;
  disposition.exception = reason;
  const std::string field = policy::authentication_results(
      kId, facts, verdicts_of(reason, value, copies), disposition, smtputf8);
  require(field.size() <= mail::kMaxAuthResults, "the field is bounded");
  const auto read = support::AuthResultsReader::read(field, smtputf8);
  require(read && read->authserv_id == kId && read->results.size() > 4, "the field is valid");
  const auto& results = read->results;
  require(results[3].method == "dmarc" && results[4].method == "dkim", "each check has its place");
  const auto& dmarc = results[3].properties;
  const auto overrides = std::ranges::count(dmarc, "policy.override", &mail::AuthProperty::name);
  require(overrides == (reason.empty() ? 0 : 1), "an exception is told");
  for (const mail::AuthResult& result : results) {
    require(result.properties.size() <= 6, "nothing is added");
    for (const mail::AuthProperty& property : result.properties)
      require(property.name != "header.d" || !is_kept(value) || property.value == value,
              "the signer is there");
  }
}

void check_claim(const std::string& value) {
  const bool ours = is_ours(value);
  require(ours == is_ours(" (x (\\)))\r\n " + value), "comments in front change nothing");
  const bool has_letters = std::all_of(kId.begin(), kId.end(), [&](char c) {
    return base::lower(value).find(c) != std::string::npos;
  });
  const bool may_mean_it = !base::is_ascii(value) || value.find("=?") != std::string::npos ||
                           std::cmp_greater(std::ranges::count(value, '('), mail::kMaxCommentDepth);
  require(!ours || has_letters || may_mean_it, "it says our name");
  for (const std::string name : {"mx.ours.test", "\"MX.ours.test\"", "mx\r\n (.) . ours.test"}) {
    for (const std::string behind : {";", " 1;", " x", "<", "\""})
      require(is_ours(name + behind + value), "our name counts, whatever is behind");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t choices = input.byte();
  const bool smtputf8 = (choices & 1) != 0;
  const std::string_view reason = input.bytes(input.byte());
  const std::string_view value = input.bytes(input.byte());
  check_written(std::string(reason), std::string(value), smtputf8);
  const unsigned copies = kCopies[choices >> 1 & 3];
  check_all_verdicts(std::string(reason), std::string(value), copies, smtputf8);
  check_claim(std::string(input.rest()));
  return 0;
}
