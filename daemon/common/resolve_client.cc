// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/resolve_client.h"

#include <utility>

#include "dns/answer_check.h"
#include "obs/log.h"

namespace common {
namespace {

constexpr int kMaxLives = 2;  // of resolve, that a question is asked in
constexpr const char* kDied = "the resolver died twice over it";
constexpr const char* kNobody = "the resolver is away";

dns::Answer failure(const char* reason) {
  return dns::Answer::of(dns::Status::Failure, dns::Security::Unknown, reason);
}

void log_violation(const std::string& reason) {
  obs::Line(obs::Event::ipc_violation).token("peer", "resolve").text("reason", reason).write();
}

}  // namespace

ResolveClient::ResolveClient(net::EventLoop& loop, std::chrono::milliseconds away)
    : loop_(loop), away_(away), timer_(loop.every(away, [this] { expire(); })) {
  timer_->pause();
}

void ResolveClient::connect(base::UniqueFd channel) {
  disconnect();
  timer_->pause();
  link_ = net::ChannelLink::make(loop_, std::move(channel), ipc::State::FromResolve,
                                 {[this](const ipc::Message& message) { return handle(message); },
                                  [this](const std::string& reason, bool violation) {
                                    if (violation) log_violation(reason);
                                    disconnect();
                                    if (lost_) lost_();
                                  }});
  std::vector<std::uint64_t> open;
  for (const auto& [request, pending] : pending_) open.push_back(request);
  for (const std::uint64_t request : open) send(request);
}

// A question that has killed two may be the reason why they died.
void ResolveClient::disconnect() {
  if (link_ == nullptr) return;
  std::exchange(link_, nullptr)->close();
  std::vector<std::uint64_t> failed;
  for (auto& [request, pending] : pending_) {
    pending.until = base::now() + away_;
    if (pending.asked == kMaxLives) failed.push_back(request);
  }
  fail(failed, kDied);
  arm();
}

void ResolveClient::resolve(const dns::Question& question, dns::Payer payer, Done done) {
  loop_.post([this, pending = Pending{question, payer, std::move(done), 0, {}}] { ask(pending); });
}

void ResolveClient::ask(Pending pending) {
  // What is no name of ours is too long for a message, perhaps.
  auto known = dns::Question::about(pending.question.name, pending.question.type);
  if (!known) return pending.done(dns::Answer::of(dns::Status::NoName));
  if (pending_.size() >= kMaxQuestions) return pending.done(failure("too many questions"));
  pending.question = std::move(*known);
  pending.until = base::now() + away_;
  pending_.emplace(++last_request_, std::move(pending));
  send(last_request_);
  arm();
}

// The link may be gone after this, and questions with it.
void ResolveClient::send(std::uint64_t request) {
  const auto found = pending_.find(request);
  if (link_ == nullptr || found == pending_.end()) return;
  auto& [number, pending] = *found;
  ++pending.asked;
  link_->send(ipc::Resolve{number, pending.payer, pending.question});
}

void ResolveClient::arm() {
  if (link_ == nullptr && !pending_.empty())
    timer_->resume_every(pending_.begin()->second.until - base::now());
}

void ResolveClient::expire() {
  timer_->pause();
  std::vector<std::uint64_t> late;
  for (const auto& [request, pending] : pending_)
    if (pending.until <= base::now()) late.push_back(request);
  fail(late, kNobody);
  arm();
}

void ResolveClient::fail(const std::vector<std::uint64_t>& requests, const char* reason) {
  for (const std::uint64_t request : requests)
    if (auto pending = pending_.extract(request)) pending.mapped().done(failure(reason));
}

bool ResolveClient::handle(const ipc::Message& message) {
  auto resolved = ipc::unpack<ipc::Resolved>(message.body);
  if (!resolved) return false;
  const auto found = pending_.find(resolved->request);
  if (found == pending_.end() || !dns::can_answer(resolved->answer, found->second.question))
    return false;
  const auto answered = pending_.extract(found);
  answered.mapped().done(std::move(resolved->answer));
  return true;
}

}  // namespace common
