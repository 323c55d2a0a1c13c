// SPDX-License-Identifier: Apache-2.0
#include "daemon/resolve/smtp_peer.h"

#include <utility>

#include "daemon/common/answer_size.h"
#include "obs/log.h"

namespace resolve_role {
namespace {

dns::Answer failure(const char* reason) {
  return dns::Answer::of(dns::Status::Failure, dns::Security::Unknown, reason);
}

void log_violation(const std::string& reason) {
  obs::Line(obs::Event::ipc_violation).token("peer", "smtp").text("reason", reason).write();
}

}  // namespace

void SmtpPeer::start(base::UniqueFd channel) {
  link_ = net::ChannelLink::make(loop_, std::move(channel), ipc::State::ToResolve,
                                 {[this](const ipc::Message& message) { return handle(message); },
                                  [](const std::string& reason, bool violation) {
                                    if (violation) log_violation(reason);
                                  }});
}

bool SmtpPeer::handle(const ipc::Message& message) {
  const auto asked = ipc::unpack<ipc::Resolve>(message.body);
  if (!asked) return false;
  resolver_.resolve(asked->question, asked->payer,
                    [weak = weak_from_this(), asked = *asked](dns::Answer answer) {
                      const auto self = weak.lock();
                      if (self == nullptr) return;
                      self->tell(asked.request, {asked.question, std::move(answer)});
                    });
  return true;
}

// Thousands may have waited for one answer, and all of them hear it at once: a stranger's DNS, with
// a long one, could fill the channel, and its end would be that of everybody's questions.
void SmtpPeer::tell(std::uint64_t request, dns::Entry entry) {
  const std::uint64_t size = common::size_of(entry);
  if (size > common::most_bytes_of(entry.question.type))
    entry.answer = failure(common::kTooLarge);
  else if (size > kShortAnswer && link_->queued_bytes() > kMostQueued)
    entry.answer = failure("too many long answers at once");
  link_->send(ipc::Resolved{request, std::move(entry.answer)});
}

}  // namespace resolve_role
