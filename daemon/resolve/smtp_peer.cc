// SPDX-License-Identifier: Apache-2.0
#include "daemon/resolve/smtp_peer.h"

#include <utility>

#include "obs/log.h"

namespace resolve_role {
namespace {

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
                    [weak = weak_from_this(), request = asked->request](dns::Answer answer) {
                      const auto self = weak.lock();
                      if (self == nullptr) return;
                      self->link_->send(ipc::Resolved{request, std::move(answer)});
                    });
  return true;
}

}  // namespace resolve_role
