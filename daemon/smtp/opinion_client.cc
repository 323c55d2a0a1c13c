// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/opinion_client.h"

#include <utility>

#include "obs/log.h"

namespace smtp_role {
namespace {

using auth::second_opinion::OpinionRow, auth::second_opinion::Opinions,
    auth::second_opinion::Outcome, auth::second_opinion::rows_of;
using common::Counter;

constexpr std::chrono::milliseconds kTick{500};

Counter counter_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::Same:
      return Counter::second_opinion_same;
    case Outcome::Different:
      return Counter::second_opinion_different;
    case Outcome::NotAsked:
      break;
  }
  return Counter::second_opinion_not_asked;
}

}  // namespace

OpinionClient::OpinionClient(net::EventLoop& loop, Count count, const OpinionLimits& limits)
    : loop_(loop),
      count_(std::move(count)),
      limits_(limits),
      tick_(loop.every(kTick, [this] { check_time(); })) {
  tick_->pause();
}

void OpinionClient::connect(base::UniqueFd channel) {
  if (link_ != nullptr) link_->close();
  give_up();
  link_ = net::ChannelLink::make(
      loop_, std::move(channel), ipc::State::FromOpinion,
      {[this](const ipc::Message& message) { return on_message(message); },
       [this](const std::string& reason, bool violation) { on_end(reason, violation); }});
  send_next();
}

void OpinionClient::review(const auth::Facts& facts, const auth::Verdicts& verdicts,
                           const dns::AnswerTable& answers) {
  Job job{facts.session.client,
          {++last_job_, ipc::pack(facts), answers.entries(), {}, 0, 0, ipc::pack(verdicts)}};
  if (queue_.size() >= limits_.jobs || ipc::pack(job.message).size() > limits_.job_bytes)
    return count_not_asked();
  queue_.push_back(std::move(job));
  send_next();
}

void OpinionClient::send_next() {
  if (working_ || queue_.empty() || link_ == nullptr) return;
  working_ = true;
  since_ = base::now();
  tick_->resume_every(kTick);
  // It may be gone after this.
  link_->send(queue_.front().message);
}

bool OpinionClient::on_message(const ipc::Message& message) {
  const auto reviewed = ipc::unpack<ipc::Reviewed>(message.body);
  if (!reviewed || !working_ || reviewed->job != queue_.front().message.job) return false;
  const auto opinions = ipc::unpack<Opinions>(reviewed->opinions);
  if (!opinions) return false;
  const Job job = std::move(queue_.front());
  queue_.pop_front();
  working_ = false;
  tick_->pause();
  for (const OpinionRow& opinion : rows_of(*opinions)) tell(job, opinion);
  send_next();
  return true;
}

void OpinionClient::tell(const Job& job, const OpinionRow& opinion) {
  count_(counter_of(opinion.outcome));
  if (opinion.outcome != Outcome::Different) return;
  obs::Line(obs::Event::second_opinion)
      .token("client", job.client.to_string())
      .token("check", opinion.check)
      .token("identity", opinion.identity)
      .peer("domain", opinion.domain)
      .token("ours", opinion.ours)
      .token("theirs", opinion.theirs)
      .write();
}

void OpinionClient::on_end(const std::string& reason, bool violation) {
  if (violation)
    obs::Line(obs::Event::ipc_violation).token("peer", "opinion").text("reason", reason).write();
  link_.reset();
  give_up();
  if (lost_) lost_();
}

// It is not tried again: it may have been the reason.
void OpinionClient::give_up() {
  if (!std::exchange(working_, false)) return;
  queue_.pop_front();
  tick_->pause();
  count_not_asked();
}

void OpinionClient::count_not_asked() {
  for (std::size_t i = 0; i < rows_of({}).size(); ++i) count_(Counter::second_opinion_not_asked);
}

void OpinionClient::check_time() {
  if (!working_ || base::now() - since_ <= limits_.work) return;
  link_->close();
  link_.reset();
  give_up();
  if (stuck_) stuck_();
}

}  // namespace smtp_role
