// SPDX-License-Identifier: Apache-2.0
#include "daemon/verify/smtp_peer.h"

#include <cerrno>
#include <string>
#include <utility>

#include "daemon/common/sealed_memory.h"
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
        const auto sent = self->channel_.flush();
        if (sent) return;
        if (sent.error().system_error != EPIPE) log_violation(sent.error().reason);
        self->close();
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
    auto message = channel_.next();
    if (!message) {
      log_violation(message.error().reason);
      return close();
    }
    if (!*message) break;
    if (take(**message)) continue;
    log_violation(std::string(ipc::name_of((*message)->type)) + ": makes no sense");
    return close();
  }
  if (open_ && !more) obs::log_trouble("channel", "smtp: " + more.error().reason);
  if (!more || !*more) close();
}

bool SmtpPeer::take(ipc::Message& message) {
  return message.type == ipc::Type::Attach ? attach(message) : work_on(message);
}

bool SmtpPeer::attach(ipc::Message& message) {
  using Part = ipc::Attach::Part;
  const auto piece = ipc::unpack<ipc::Attach>(message.body);
  if (!piece || piece->job == 0 || (attached_to_ != 0 && attached_to_ != piece->job)) return false;
  attached_to_ = piece->job;
  const bool is_header = piece->part == Part::Header;
  if (is_header == header_.has_value()) return false;  // one header, and ahead of the body
  if (is_header) {
    if (piece->offset != 0 || piece->size > kMaxHeader ||
        !common::is_sealed_memory(message.fd->get(), piece->size))
      return false;
    auto text = common::read_sealed_memory(message.fd->get());
    if (!text) return false;
    header_ = std::move(*text);
    return true;
  }
  if (body_.size() == ipc::kMaxBodyPieces || piece->size > kMaxBody || piece->offset > kMaxBody)
    return false;
  body_.push_back({std::move(*message.fd), piece->offset, piece->size});
  return true;
}

bool SmtpPeer::work_on(const ipc::Message& message) {
  const auto job = ipc::unpack<ipc::Judge>(message.body);
  if (!job || job->facts.size() > kMaxFacts || job->verdicts.size() > kMaxVerdicts) return false;
  if (attached_to_ != 0 && attached_to_ != job->job) return false;
  auto facts = ipc::unpack<auth::Facts>(job->facts);
  if (!facts) return false;
  Job mine{job->job,
           std::move(*facts),
           dns::AnswerTable(job->answers),
           {{job->open.begin(), job->open.end()}, job->lost, job->of_message},
           {},
           std::exchange(header_, std::nullopt),
           {}};
  if (!job->verdicts.empty()) {
    auto verdicts = ipc::unpack<auth::Verdicts>(job->verdicts);
    if (!verdicts) return false;
    mine.verdicts = std::move(*verdicts);
  }
  attached_to_ = 0;
  if (auto body = std::exchange(body_, {}); !body.empty()) mine.body.emplace(std::move(body));
  if (!work_(mine, channel_)) close();
  return true;
}

}  // namespace verify_role
