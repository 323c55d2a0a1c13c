// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/resolve_client.h"

#include <utility>

#include "dns/answer_check.h"
#include "obs/log.h"

namespace common {
namespace {

dns::Answer failure(const char* reason) {
  return dns::Answer::of(dns::Status::Failure, dns::Security::Unknown, reason);
}

void log_violation(const std::string& reason) {
  obs::Line(obs::Event::ipc_violation).token("peer", "resolve").text("reason", reason).write();
}

}  // namespace

void ResolveClient::connect(base::UniqueFd channel) {
  disconnect();
  link_ = net::ChannelLink::make(loop_, std::move(channel), ipc::State::FromResolve,
                                 {[this](const ipc::Message& message) { return handle(message); },
                                  [this](const std::string& reason, bool violation) {
                                    if (violation) log_violation(reason);
                                    disconnect();
                                    if (lost_) lost_();
                                  }});
}

void ResolveClient::disconnect() {
  if (link_ == nullptr) return;
  std::exchange(link_, nullptr)->close();
  for (auto& [request, pending] : std::exchange(pending_, {}))
    pending.done(failure("the resolver is away"));
}

void ResolveClient::resolve(const dns::Question& question, dns::Payer payer, Done done) {
  loop_.post([this, question, payer, done = std::move(done)] { ask(question, payer, done); });
}

void ResolveClient::ask(const dns::Question& question, dns::Payer payer, Done done) {
  // What is no name of ours is too long for a message, perhaps.
  auto known = dns::Question::about(question.name, question.type);
  if (!known) return done(dns::Answer::of(dns::Status::NoName));
  if (link_ == nullptr) return done(failure("the resolver is away"));
  if (pending_.size() >= kMaxQuestions) return done(failure("too many questions"));
  const ipc::Resolve message{++last_request_, payer, std::move(*known)};
  pending_[message.request] = {message.question, std::move(done)};
  link_->send(message);
}

bool ResolveClient::handle(const ipc::Message& message) {
  auto resolved = ipc::unpack<ipc::Resolved>(message.body);
  if (!resolved) return false;
  const auto found = pending_.find(resolved->request);
  if (found == pending_.end() || !dns::can_answer(resolved->answer, found->second.question))
    return false;
  const Done done = std::move(found->second.done);
  pending_.erase(found);
  done(std::move(resolved->answer));
  return true;
}

}  // namespace common
