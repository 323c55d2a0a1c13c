// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/verify_client.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/common/payer.h"
#include "obs/log.h"

namespace common {
namespace {

constexpr std::chrono::milliseconds kTick{50};

base::Error failed(std::string reason) { return base::Error::temporary(std::move(reason)); }

// As this server writes it: what a verifier asks for goes out into the network.
bool is_question(const dns::Question& question) {
  const auto normal = dns::Question::about(question.name, question.type);
  return normal && *normal == question;
}

}  // namespace

VerifyClient::VerifyClient(net::EventLoop& loop, dns::Resolver& resolver,
                           const VerifyLimits& limits)
    : loop_(loop),
      resolver_(resolver),
      limits_(limits),
      tick_(loop.every(kTick, [this] { tick(); })) {
  tick_->pause();
}

void VerifyClient::connect(const ipc::RoleId& id, base::UniqueFd channel) {
  if (const auto old = verifiers_.find(id); old != verifiers_.end()) drop(old, "was replaced");
  verifiers_[id].link = net::ChannelLink::make(
      loop_, std::move(channel), ipc::State::FromVerify,
      {[this, id](const ipc::Message& message) { return on_message(id, message); },
       [this, id](const std::string& reason, bool violation) { on_end(id, reason, violation); }});
  dispatch();
}

void VerifyClient::on_end(const ipc::RoleId& id, const std::string& reason, bool violation) {
  if (violation)
    obs::Line(obs::Event::ipc_violation)
        .token("peer", ipc::name_of(id))
        .text("reason", reason)
        .write();
  drop(verifiers_.find(id), violation ? "said what it may not" : reason);
  if (lost_) lost_(id);
  dispatch();
}

void VerifyClient::drop(Verifiers::iterator verifier, const std::string& reason) {
  const auto gone = verifiers_.extract(verifier);
  gone.mapped().link->close();
  if (const auto job = jobs_.find(gone.mapped().job); job != jobs_.end())
    finish(job, failed(ipc::name_of(gone.key()) + ": " + reason));
}

void VerifyClient::verify(std::uint64_t number, auth::SessionFacts facts, base::Duration time,
                          Done done) {
  Job job;
  job.facts.session = std::move(facts);
  job.deadline = base::now() + time;
  job.done = std::move(done);
  loop_.post([this, number, job = std::move(job)]() mutable { start(number, std::move(job)); });
}

void VerifyClient::cancel(std::uint64_t number) {
  loop_.post([this, number] {
    if (const auto job = jobs_.find(number); job != jobs_.end()) forget(job);
  });
}

void VerifyClient::start(std::uint64_t number, Job job) {
  if (jobs_.size() >= limits_.jobs) return job.done(failed("too many messages are being verified"));
  if (jobs_.empty()) tick_->resume_every(kTick);
  enqueue(jobs_.emplace(number, std::move(job)).first);
}

void VerifyClient::enqueue(Jobs::iterator job) {
  if (std::exchange(job->second.queued, true)) return;
  queue_.push_back(job->first);
  dispatch();
}

void VerifyClient::dispatch() {
  while (!queue_.empty()) {
    const auto free = std::find_if(verifiers_.begin(), verifiers_.end(),
                                   [](const auto& row) { return row.second.job == 0; });
    if (free == verifiers_.end()) return;
    const auto job = jobs_.find(queue_.front());
    queue_.pop_front();
    if (job != jobs_.end()) send(free, job);
  }
}

void VerifyClient::send(Verifiers::iterator verifier, Jobs::iterator job) {
  auto& [number, its] = *job;
  its.queued = false;
  if (its.facts.cutoff == auth::Cutoff::None && base::now() >= its.deadline)
    its.facts.cutoff = auth::Cutoff::Deadline;
  verifier->second.job = number;
  verifier->second.since = base::now();
  // The verifier may be gone after this.
  verifier->second.link->send(ipc::Judge{number, ipc::pack(its.facts), its.answers.entries()});
}

bool VerifyClient::on_message(const ipc::RoleId& id, const ipc::Message& message) {
  const auto answer = [&]<class T>(T, auto use) {
    const auto value = ipc::unpack<T>(message.body);
    Verifier& verifier = verifiers_.at(id);
    if (!value || value->job == 0 || value->job != verifier.job) return false;
    const auto job = jobs_.find(value->job);
    if (job != jobs_.end() && !use(job, *value)) return false;
    verifier.job = 0;
    dispatch();
    return true;
  };
  if (message.type == ipc::Type::Need)
    return answer(ipc::Need{}, [&](auto job, const auto& need) { return on_need(job, need); });
  return answer(ipc::Judged{},
                [&](auto job, const auto& done) { return take_verdicts(job, done); });
}

bool VerifyClient::take_verdicts(Jobs::iterator job, const ipc::Judged& judged) {
  const auto verdicts = ipc::unpack<auth::Verdicts>(judged.verdicts);
  if (!verdicts) return false;
  const auth::Facts facts = std::move(job->second.facts);
  const dns::AnswerTable answers = std::move(job->second.answers);
  finish(job, *verdicts);
  if (judged_) judged_(facts, answers);
  return true;
}

bool VerifyClient::makes_sense(const Job& job, const ipc::Need& need) {
  if (job.facts.cutoff != auth::Cutoff::None || need.questions.empty()) return false;
  if (job.answers.size() + need.questions.size() > auth::kMaxLookups) return false;
  return std::ranges::all_of(need.questions, [&](const dns::Question& question) {
    return is_question(question) && job.answers.find(question) == nullptr;
  });
}

bool VerifyClient::on_need(Jobs::iterator job, const ipc::Need& need) {
  auto& its = job->second;
  if (!makes_sense(its, need)) return false;
  if (base::now() >= its.deadline)
    its.facts.cutoff = auth::Cutoff::Deadline;
  else if (its.rounds >= auth::kMaxRounds)
    its.facts.cutoff = auth::Cutoff::Rounds;
  if (its.facts.cutoff == auth::Cutoff::None)
    ask(job, need.questions);
  else
    enqueue(job);
  return true;
}

void VerifyClient::ask(Jobs::iterator job, const std::vector<dns::Question>& questions) {
  const std::uint64_t number = job->first;
  const unsigned round = ++job->second.rounds;
  job->second.missing = questions.size();
  const dns::Payer payer = payer_of(job->second.facts.session.client);
  for (const dns::Question& question : questions)
    resolver_.resolve(question, payer, [this, number, round, question](dns::Answer answer) {
      on_answer(number, round, question, std::move(answer));
    });
}

void VerifyClient::on_answer(std::uint64_t number, unsigned round, const dns::Question& question,
                             dns::Answer answer) {
  const auto job = jobs_.find(number);
  // Cancelled, or judged without it.
  if (job == jobs_.end() || job->second.missing == 0 || job->second.rounds != round) return;
  keep(job->second, question, std::move(answer));
  if (--job->second.missing == 0) enqueue(job);
}

void VerifyClient::keep(Job& job, const dns::Question& question, dns::Answer answer) {
  dns::Entry entry{question, std::move(answer)};
  std::uint64_t bytes = ipc::pack(entry).size();
  if (job.answer_bytes + bytes > limits_.answer_bytes ||
      all_answer_bytes_ + bytes > limits_.all_answer_bytes) {
    entry.answer = dns::Answer::of(dns::Status::Failure, dns::Security::Unknown,
                                   "the answers to the checks take too much memory");
    bytes = ipc::pack(entry).size();
  }
  job.answer_bytes += bytes;
  all_answer_bytes_ += bytes;
  job.answers.add(entry.question, std::move(entry.answer));
}

void VerifyClient::finish(Jobs::iterator job, const Outcome& outcome) {
  const Done done = std::move(job->second.done);
  forget(job);
  done(outcome);
}

VerifyClient::Jobs::iterator VerifyClient::forget(Jobs::iterator job) {
  all_answer_bytes_ -= job->second.answer_bytes;
  const auto next = jobs_.erase(job);
  if (jobs_.empty()) tick_->pause();
  return next;
}

void VerifyClient::tick() {
  const base::Instant now = base::now();
  check_verifiers(now);
  check_jobs(now);
}

void VerifyClient::check_verifiers(base::Instant now) {
  std::vector<ipc::RoleId> stuck;
  for (const auto& [id, verifier] : verifiers_)
    if (verifier.job != 0 && now - verifier.since > limits_.work) stuck.push_back(id);
  for (const ipc::RoleId& id : stuck) {
    drop(verifiers_.find(id), "did not end its work in time");
    if (stuck_) stuck_(id);
  }
}

void VerifyClient::check_jobs(base::Instant now) {
  std::vector<std::uint64_t> late;
  for (const auto& [number, job] : jobs_)
    if (now >= job.deadline) late.push_back(number);
  for (const std::uint64_t number : late) {
    const auto job = jobs_.find(number);
    if (std::exchange(job->second.missing, 0) > 0) {
      job->second.facts.cutoff = auth::Cutoff::Deadline;
      enqueue(job);
    } else if (job->second.queued && now >= job->second.deadline + limits_.queue) {
      finish(job, failed("no verifier became free in time"));
    }
  }
}

}  // namespace common
