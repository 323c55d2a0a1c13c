// SPDX-License-Identifier: Apache-2.0
#include "daemon/verify/smtp_peer.h"

#include <string>
#include <utility>

#include "obs/log.h"

namespace verify_role {
namespace {

void log_violation(const std::string& reason) {
  obs::Line(obs::Event::ipc_violation).token("peer", "smtp").text("reason", reason).write();
}

}  // namespace

SmtpPeer::SmtpPeer(common::PollLoop& loop, base::UniqueFd channel, Work work)
    : loop_(loop), channel_(std::move(channel), ipc::State::JobsFromSmtp), work_(std::move(work)) {}

void SmtpPeer::start() {
  loop_.watch(
      channel_.fd(), [self = shared_from_this()] { self->on_readable(); },
      [this] { return channel_.wants_write(); },
      [self = shared_from_this()] {
        if (!self->channel_.flush()) self->close();
      });
}

void SmtpPeer::close() {
  if (!std::exchange(open_, false)) return;
  loop_.unwatch(channel_.fd());
  channel_.close();
}

void SmtpPeer::on_readable() {
  const auto more = channel_.receive();
  while (open_) {
    const auto message = channel_.next();
    if (!message) {
      log_violation(message.error().reason);
      return close();
    }
    if (!*message) break;
    if (work_on(**message)) continue;
    log_violation(std::string(ipc::name_of((*message)->type)) + ": makes no sense");
    return close();
  }
  if (!more || !*more) close();
}

bool SmtpPeer::work_on(const ipc::Message& message) {
  const auto job = ipc::unpack<ipc::Judge>(message.body);
  if (!job || job->facts.size() > kMaxFacts) return false;
  auto facts = ipc::unpack<auth::Facts>(job->facts);
  if (!facts) return false;
  const Job mine{job->job,
                 std::move(*facts),
                 dns::AnswerTable(job->answers),
                 {{job->open.begin(), job->open.end()}, job->lost}};
  if (!work_(mine, channel_)) close();
  return true;
}

}  // namespace verify_role
