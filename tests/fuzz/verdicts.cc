// SPDX-License-Identifier: Apache-2.0
// Verdicts of a verifier that an attacker has taken: what a peer, a reader of the message and an
// administrator are told stays in its form. First a byte of choices, then auth::Verdicts, packed,
// with two bytes of its size in front, and auth::second_opinion::Opinions, which stand for all
// other texts, too.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/ascii.h"
#include "daemon/ctl/verify_report.h"
#include "fuzz/fuzz.h"
#include "ipc/messages.h"
#include "mail/auth_results.h"
#include "obs/log.h"
#include "policy/auth_results.h"
#include "policy/decide.h"
#include "smtp/limits.h"
#include "smtp/replies.h"
#include "support/auth_results_reader.h"

namespace {

using auth::second_opinion::Opinions;
using fuzz::require;

const std::string kId = "mx.ours.test";

bool is_text(char c) { return base::is_printable(c) || c == '\n'; }

policy::AuthSettings settings(std::uint8_t choices) {
  policy::AuthSettings settings;
  settings.authserv_id = kId;
  if ((choices & 1) != 0) settings.on_temporary_error = policy::OnTemporaryError::Accept;
  if ((choices & 2) != 0) settings.on_spf_fail = policy::OnSpfFail::Reject;
  settings.enforce_dmarc = (choices & 4) == 0;
  if ((choices & 8) != 0) settings.on_dmarc_reject = policy::OnDmarcReject::Quarantine;
  if ((choices & 16) != 0) settings.guarded_domains = {"ours.test"};
  if ((choices & 32) != 0)
    settings.dmarc_exceptions = {{std::nullopt, "lists.test", "2027-06-30", "a list"}};
  return settings;
}

auth::SessionFacts session(std::uint8_t choices) {
  auth::SessionFacts facts;
  facts.helo = "client.example.net";
  if ((choices & 64) != 0) facts.mail_from = mail::Address{"a", "example.net", false};
  facts.receiver = kId;
  return facts;
}

void check_reply(const smtp::Reply& reply) {
  std::string wire = reply.render();
  const std::string begin = std::to_string(reply.code);
  require(wire.ends_with("\r\n"), "a reply ends in CRLF");
  require(wire.find("\r\n") == wire.size() - 2 && wire.size() <= smtp::kMaxReplyLine,
          "a refusal is one line");
  wire.resize(wire.size() - 2);
  require(wire.starts_with(begin + ' ' + begin[0] + '.') &&
              std::all_of(wire.begin(), wire.end(), base::is_printable),
          "it says what it is");
}

void check_field(const std::string& field, bool smtputf8) {
  require(field.size() <= mail::kMaxAuthResults, "the field is bounded");
  const auto read = support::AuthResultsReader::read(field, smtputf8);
  require(read && read->authserv_id == kId, "the field is valid");
  require(mail::HeaderFields(field).all().size() == 1, "it is one field");
}

// The rest of a report: a message that somebody wrote, and an answer of the DNS.
void add_texts(ctl::VerifyReport& report, const std::string& text) {
  report.file = text;
  report.message.taken_off = report.message.taken_out = report.warnings = {text};
  dns::Answer answer = dns::Answer::of(dns::Status::Records);
  answer.texts = {text};
  const auto question = dns::Question::about(text.substr(0, 20), dns::Type::Txt);
  if (question) report.lookups = {{*question, 1, std::nullopt, answer}};
}

void check_report(const ctl::VerifyReport& report) {
  const std::string text = as_text(report);
  require(std::all_of(text.begin(), text.end(), is_text), "a report steers no terminal");
  const std::string json = as_json(report);
  require(std::all_of(json.begin(), json.end(), is_text) && nlohmann::json::accept(json),
          "a report for programs is one object");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t choices = input.byte();
  const std::size_t verdicts_size = std::size_t{input.byte()} << 8 | input.byte();
  const auto verdicts = ipc::unpack<auth::Verdicts>(input.bytes(verdicts_size));
  if (!verdicts) return 0;
  ctl::VerifyReport report;
  report.session = session(choices);
  report.verdicts = *verdicts;
  report.disposition = policy::decide(report.session, *verdicts, settings(choices));
  const auto& refusal = report.disposition.refusal;
  if (refusal) check_reply(*refusal);
  report.reply = refusal ? *refusal : smtp::replies::message_ok("6A3F5C00.0101");
  const bool smtputf8 = (choices & 128) != 0;
  report.authentication_results =
      policy::authentication_results(kId, report.session, *verdicts, report.disposition, smtputf8);
  check_field(report.authentication_results, smtputf8);
  const std::string summary = obs::escape_peer(policy::dkim_summary(verdicts->dkim));
  require(std::all_of(summary.begin(), summary.end(), base::is_printable), "the log stays a line");
  const std::string rest(input.rest());
  add_texts(report, rest);
  if (const auto opinions = ipc::unpack<Opinions>(rest)) {
    const auto rows = rows_of(*opinions);
    report.second_opinions = ctl::SecondOpinions{{rows.begin(), rows.end()}, ""};
  }
  check_report(report);
  return 0;
}
