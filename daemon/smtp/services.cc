// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/services.h"

#include <utility>

#include "obs/log.h"

namespace smtp_role {
namespace {

// For the parts of all messages that are in memory at one moment; a session over it gets 452 4.3.1.
constexpr std::uint64_t kBufferBudget = std::uint64_t{1} << 30;  // bytes

void log_dns(const Unjudged::Change& change) {
  obs::Line(obs::Event::dns_away)
      .token("state", change.begins ? "begins" : "over")
      .number("messages", static_cast<std::int64_t>(change.messages))
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
                   policy::Recipients(settings.domains), settings.auth_policy});
}

void Counters::add_end(std::string_view reason) {
  for (std::size_t i = 0; i < common::kCounters.size(); ++i)
    if (common::kCounters[i].end_reason == reason) add(static_cast<common::Counter>(i));
}

void Counters::add(const policy::Disposition& disposition) {
  using common::Counter;
  switch (disposition.action) {
    case policy::Action::Deliver:
      if (!disposition.exception.empty()) add(Counter::verdict_excepted);
      return;
    case policy::Action::Quarantine:
      return add(Counter::verdict_quarantined);
    case policy::Action::Reject:
      return add(disposition.check == policy::Check::Dmarc ? Counter::verdict_dmarc_refused
                                                           : Counter::verdict_refused);
    case policy::Action::Defer:
      return add(Counter::verdict_deferred);
  }
}

Services::Services(std::shared_ptr<const Snapshot> snapshot, policy::ConnectionLimits limits,
                   net::EventLoop& main_loop)
    : connections(std::move(limits)),
      buffers(kBufferBudget),
      deliver(main_loop),
      resolve(main_loop),
      verify(main_loop, resolve),
      opinions(main_loop, [this](common::Counter counter) { counters.add(counter); }),
      snapshot_(std::move(snapshot)) {
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

void Services::replace(std::shared_ptr<const Snapshot> snapshot, policy::ConnectionLimits limits) {
  connections.set_limits(std::move(limits));
  const std::lock_guard lock(mutex_);
  snapshot_ = std::move(snapshot);
}

void Services::count(const auth::Verdicts& verdicts, const policy::Disposition& disposition) {
  counters.add(disposition);
  std::optional<Unjudged::Change> change;
  if (verdicts.dmarc.result == auth::DmarcResult::TempError ||
      disposition.action == policy::Action::Defer)
    change = unjudged_.failed(base::now());
  else if (verdicts.dmarc.fault == auth::AuthorFault::None)  // else it says nothing of the DNS
    change = unjudged_.judged();
  counters.set(common::Counter::unjudged_in_a_row, unjudged_.many());
  if (change) log_dns(*change);
}

}  // namespace smtp_role
