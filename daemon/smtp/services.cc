// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/services.h"

#include <utility>

#include "obs/log.h"

namespace smtp_role {
namespace {

// Of limits.total_memory, what the parts of all messages may have that are in memory at one moment;
// a session over it gets 452 4.3.1.
constexpr std::uint64_t kShareOfMessages = 2;

void log_dns(const Unjudged::Change& change) {
  obs::Line(obs::Event::dns_away)
      .token("state", change.begins ? "begins" : "over")
      .number("messages", static_cast<std::int64_t>(change.messages))
      .write();
}

void log_ban(const policy::Ban& ban) {
  obs::Line(obs::Event::ban)
      .token("network", ban.network.to_string())
      .token("limit", ban.cause)
      .text("reason", ban.reason)
      .text("evidence", ban.evidence)
      .number("times", ban.times)
      .token("until", base::utc_text(ban.until))
      .write();
}

}  // namespace

base::Result<std::shared_ptr<const Snapshot>> Snapshot::make(
    const common::SmtpRoleSettings& settings) {
  auto tls = net::TlsContext::make(settings.tls);
  if (!tls) return tls.error();
  return std::shared_ptr<const Snapshot>(
      new Snapshot{settings.hostname, settings.smtp, settings.auth, settings.min_free_bytes,
                   std::make_shared<const net::TlsContext>(std::move(*tls)),
                   policy::Recipients(settings.domains), settings.auth_policy, settings.limits});
}

Services::Services(std::shared_ptr<const Snapshot> snapshot, std::size_t listeners,
                   net::EventLoop& main_loop)
    : gate(snapshot->limits, listeners),
      history(snapshot->limits.tracked_networks),
      buffers(snapshot->limits.total_memory / kShareOfMessages),
      deliver(main_loop),
      resolve(main_loop),
      verify(main_loop, resolve),
      opinions(main_loop, [this](common::Counter counter) { counters.add(counter); }),
      snapshot_(std::move(snapshot)) {
  gate.on_imposed([this](const policy::Ban& ban, policy::Limit limit) {
    counters.add(limit);
    log_ban(ban);
  });
  verify.on_judged([this](const auth::Facts& facts, const auth::Verdicts& verdicts,
                          const dns::AnswerTable& answers) {
    if (this->snapshot()->auth.second_opinion == auth::SecondOpinion::Log)
      opinions.review(facts, verdicts, answers);
  });
}

std::shared_ptr<const Snapshot> Services::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

void Services::replace(std::shared_ptr<const Snapshot> snapshot) {
  gate.configure(snapshot->limits);
  buffers.set_limit(snapshot->limits.total_memory / kShareOfMessages);
  const std::lock_guard lock(mutex_);
  snapshot_ = std::move(snapshot);
}

ipc::Pong Services::figures(std::uint64_t ping) const {
  const auto shedding = gate.shedding();
  std::vector<std::uint64_t> counted = counters.sums();
  // The one figure that may fall: no sum of what threads did.
  counted.at(static_cast<std::size_t>(common::Counter::unjudged_in_a_row)) = unjudged_.many();
  return {ping,
          gate.open(),
          gate.table().networks(),
          gate.bans().count(base::wall_now()),
          std::string(shedding ? policy::rule_of(*shedding).name : ""),
          std::move(counted)};
}

void Services::count(const auth::Verdicts& verdicts, const policy::Disposition& disposition) {
  counters.add(disposition);
  std::optional<Unjudged::Change> change;
  if (verdicts.dmarc.result == auth::DmarcResult::TempError ||
      disposition.action == policy::Action::Defer)
    change = unjudged_.failed(base::now());
  else if (verdicts.dmarc.fault == auth::AuthorFault::None)  // else it says nothing of the DNS
    change = unjudged_.judged();
  if (change) log_dns(*change);
}

}  // namespace smtp_role
