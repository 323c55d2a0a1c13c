// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/transaction.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "mail/delivered_to.h"
#include "mail/header_fields.h"
#include "mail/trace.h"
#include "policy/auth_results.h"

namespace smtp_role {
namespace {

constexpr std::size_t kMaxMessageId = 998;  // octets in the log; a line of RFC 5322 section 2.1.1

std::int64_t milliseconds(base::Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

mail::Address address_of(const policy::LocalMailbox& mailbox) {
  return {mailbox.mailbox, mailbox.domain, false};
}

base::Result<std::shared_ptr<MessagePart>> filled_part(std::string_view bytes,
                                                       BufferBudget& buffers) {
  auto part = MessagePart::make(buffers);
  if (!part) return part;
  if (auto appended = (*part)->append(bytes); !appended) return appended.error();
  return part;
}

base::Result<common::MessagePiece> piece_of(std::string_view bytes, BufferBudget& buffers) {
  const auto part = filled_part(bytes, buffers);
  if (!part) return part.error();
  auto sealed = (*part)->seal();
  if (!sealed) return sealed.error();
  return common::MessagePiece{std::move(*sealed), 0, bytes.size()};
}

}  // namespace

obs::Line SessionFacts::line(obs::Event event) const {
  obs::Line line(event);
  line.token("sid", sid).token("client", client.address.to_string()).number("port", client.port);
  return line;
}

std::string_view SessionFacts::tls_version() const {
  return tls ? std::string_view(tls->version) : std::string_view("-");
}

void Transaction::add(const mail::Address& recipient, const policy::LocalMailbox& mailbox) {
  recipients.push_back(recipient);
  // Aliases that lead to one mailbox deliver once (design section 5).
  if (std::find(mailboxes.begin(), mailboxes.end(), mailbox) == mailboxes.end())
    mailboxes.push_back(mailbox);
}

bool Transaction::take(std::string_view body, BufferBudget& budget) {
  size_bytes += body.size();
  if (header_read) return true;
  if (!header_charge.add(budget, body.size())) return false;
  header += body;
  return true;
}

base::Result<Transaction::HeaderRead> Transaction::read_header(const std::string& authserv_id,
                                                               BufferBudget& buffers) {
  header_read = true;
  const std::string text = std::exchange(header, {});
  header_charge.release();
  mail::HeaderFields fields(text);
  const std::string_view as_it_came =
      std::string_view(text).substr(0, fields.size_with_empty_line());
  auto piece = piece_of(as_it_came, buffers);
  if (!piece) return piece.error();
  needs_empty_line = fields.needs_empty_line();
  if (const auto* id = fields.find("Message-ID"))
    message_id = mail::unfolded(id->value).substr(0, kMaxMessageId);
  auto looping = take_away_looping(mail::DeliveredTo(fields));
  mail::OurFields ours(authserv_id);
  const auto unwanted = [&](const mail::HeaderField& field) { return ours.include(field); };
  if (fields.remove_if(unwanted) > 0) {
    std::string kept;
    for (const std::string_view run : fields.pieces()) kept += run;
    auto refilled = filled_part(kept + text.substr(fields.section().size()), buffers);
    if (!refilled) return refilled.error();
    part = std::move(*refilled);
  }
  body_offset = part->size() - (text.size() - as_it_came.size());
  return HeaderRead{std::move(*piece), std::move(looping)};
}

// What deliver has begins with all of the header.
base::Result<std::vector<common::MessagePiece>> Transaction::body() {
  const auto last = part->seal();
  if (!last) return last.error();
  using Pieces = std::vector<common::MessagePiece>;
  if (collected == nullptr) return Pieces{{*last, body_offset, part->size() - body_offset}};
  return Pieces{{collected, body_offset, appended_bytes - body_offset}, {*last, 0, part->size()}};
}

std::vector<policy::LocalMailbox> Transaction::take_away_looping(const mail::DeliveredTo& seen) {
  const auto loops =
      std::stable_partition(mailboxes.begin(), mailboxes.end(),
                            [&](const auto& mailbox) { return !seen.names(address_of(mailbox)); });
  std::vector<policy::LocalMailbox> looping(loops, mailboxes.end());
  mailboxes.erase(loops, mailboxes.end());
  return looping;
}

auth::SessionFacts Transaction::facts(const std::string& hostname, base::WallTime now) const {
  return {session.client.address, session.helo, auth::judged_sender(sender.path), hostname, now};
}

std::string Transaction::received(const std::string& hostname, base::WallTime now) const {
  mail::ReceivedFacts facts;
  facts.hostname = hostname;
  facts.helo = session.helo;
  facts.client = session.client.address;
  facts.esmtp = session.esmtp;
  facts.smtputf8 = sender.smtputf8;
  facts.require_tls = sender.require_tls;
  if (session.tls) facts.tls = mail::TlsFacts{session.tls->version, session.tls->cipher};
  facts.queue_id = queue_id;
  // With several recipients it would tell each of the others (RFC 5321 section 7.2).
  if (recipients.size() == 1) facts.only_recipient = recipients.front();
  facts.time = now;
  return mail::received_field(facts);
}

StoredHeader Transaction::stored_header(const std::string& hostname,
                                        const policy::AuthSettings& settings,
                                        base::WallTime now) const {
  StoredHeader stored;
  // RFC 8601 section 4.1: above the Received of who checked.
  if (disposition) {
    stored.trace = policy::authentication_results(settings.authserv_id, facts(hostname, now),
                                                  **verdicts, *disposition, sender.smtputf8);
  }
  stored.trace += received(hostname, now) + (needs_empty_line ? "\r\n" : "");
  const bool quarantined = disposition && disposition->action == policy::Action::Quarantine;
  const std::string folder = quarantined ? settings.quarantine_folder : "";
  const std::string return_path = mail::return_path_field(sender.path);
  for (const policy::LocalMailbox& mailbox : mailboxes) {
    stored.copies.push_back({{mailbox.domain, mailbox.mailbox, folder},
                             return_path + mail::delivered_to_field(address_of(mailbox))});
  }
  return stored;
}

std::string Transaction::all_recipients() const {
  std::string result;
  for (const mail::Address& address : recipients)
    result += (result.empty() ? "" : ",") + address.to_string();
  return result;
}

void Transaction::describe(obs::Line& line, const std::string& to) const {
  line.token("tls", session.tls_version()).peer("helo", session.helo);
  line.peer("from", sender.path.is_null() ? "" : sender.path.address->to_string());
  line.peer("to", to);
  line.number("nrcpt", static_cast<std::int64_t>(recipients.size()));
  line.number("size", static_cast<std::int64_t>(size_bytes));
  if (!message_id.empty()) line.peer("msgid", message_id);
  describe_verdicts(line);
  line.token("qid", queue_id);
}

void Transaction::describe_verdicts(obs::Line& line) const {
  if (!verdicts || !*verdicts) return;
  const auto& [spf, iprev, null_mx, dkim, dmarc] = **verdicts;
  line.token("spf", auth::name_of(spf.mailfrom.result));
  line.token("spf_helo", auth::name_of(spf.helo.result));
  line.token("iprev", auth::name_of(iprev.result));
  line.peer("dkim", policy::dkim_summary(dkim));
  line.token("dmarc", auth::name_of(dmarc.result));
  if (!dmarc.author_domain.empty()) line.peer("author", dmarc.author_domain);
  if (const auto policy = dmarc.policy()) line.token("policy", auth::name_of(*policy));
  if (!disposition) return;
  line.token("disposition", policy::name_of(disposition->action));
  if (!disposition->exception.empty()) line.text("override", disposition->exception);
}

void Transaction::log_accepted(const smtp::Reply& reply, base::Instant now) const {
  obs::Line line = session.line(obs::Event::accept);
  describe(line, all_recipients());
  if (session.tls) line.token("cipher", session.tls->cipher);
  line.text("reply",
            std::to_string(reply.code) + " " + reply.status.to_string() + " " + reply.text);
  line.number("ms", milliseconds(now - started));
  line.number("disk_ms", milliseconds(now - submitted));
  if (sender.smtputf8) line.token("smtputf8", "yes");
  if (sender.require_tls) line.token("requiretls", "yes");
  line.write();
}

void Transaction::log_refused(std::string_view stage, const smtp::Reply& reply,
                              std::string_view detail, base::Instant now,
                              const std::string& refused_recipient) const {
  obs::Line line = session.line(obs::Event::reject);
  line.token("stage", stage).number("code", reply.code).token("ecode", reply.status.to_string());
  line.token("reason", reply.reason);
  describe(line, refused_recipient.empty() ? all_recipients() : refused_recipient);
  if (!detail.empty()) line.text("detail", detail);
  line.number("ms", milliseconds(now - started));
  line.write();
}

}  // namespace smtp_role
