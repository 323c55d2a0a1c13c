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

constexpr char kTooMuchMemory[] = "the answers to the checks take too much memory";

base::Error failed(std::string reason) { return base::Error::temporary(std::move(reason)); }

dns::Answer failure(const char* reason) {
  return dns::Answer::of(dns::Status::Failure, dns::Security::Unknown, reason);
}

// The first reason stays.
void cut_off(auth::Cutoff& part, auth::Cutoff why) {
  if (part == auth::Cutoff::None) part = why;
}

// As this server writes it: what a verifier asks for goes out into the network.
bool is_question(const dns::Question& question) {
  const auto normal = dns::Question::about(question.name, question.type);
  return normal && *normal == question;
}

}  // namespace

void VerifyClient::Job::cut(auth::Cutoff why) {
  cut_off(facts.sender, why);
  cut_off(facts.client, why);
}

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
  if (std::exchange(job->second.state, Job::State::Queued) == Job::State::Queued) return;
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
    send(free, job);
  }
}

void VerifyClient::send(Verifiers::iterator verifier, Jobs::iterator job) {
  auto& [number, its] = *job;
  its.state = Job::State::AtVerifier;
  if (base::now() >= its.deadline) its.cut(auth::Cutoff::Deadline);
  verifier->second.job = number;
  verifier->second.since = base::now();
  // The verifier may be gone after this.
  verifier->second.link->send(ipc::Judge{number,
                                         ipc::pack(its.facts),
                                         its.answers.entries(),
                                         {its.asked.open.begin(), its.asked.open.end()},
                                         its.asked.lost});
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
  const auto& [session, sender, client] = job.facts;
  const std::size_t all = need.questions.size();
  if (all == 0 || need.of_sender > all) return false;
  if (sender != auth::Cutoff::None && need.of_sender > 0) return false;
  if (client != auth::Cutoff::None && need.of_sender < all) return false;
  std::size_t asked = job.answers.size() + job.asked.open.size() + job.asked.lost;
  for (const dns::Question& question : need.questions) {
    if (job.asked.open.contains(question)) continue;
    if (!is_question(question) || job.answers.find(question) != nullptr) return false;
    ++asked;
  }
  return asked <= auth::kMaxLookups;
}

bool VerifyClient::on_need(Jobs::iterator job, const ipc::Need& need) {
  auto& its = job->second;
  if (!makes_sense(its, need)) return false;
  its.state = Job::State::Waits;
  begin_round(its, need);
  for (dns::Entry& entry : std::exchange(its.late, {})) take(its, std::move(entry));
  const bool in_time = base::now() < its.deadline;
  if (in_time)
    ask(job, need);
  else
    its.cut(auth::Cutoff::Deadline);
  if (!in_time || its.waits.empty()) enqueue(job);
  make_room();
  return true;
}

void VerifyClient::begin_round(Job& job, const ipc::Need& need) {
  job.of_sender = need.of_sender > 0;
  unsigned& rounds = job.of_sender ? job.sender_rounds : job.client_rounds;
  auth::Cutoff& cutoff = job.of_sender ? job.facts.sender : job.facts.client;
  if (rounds++ == auth::kMaxRounds)
    cutoff = auth::Cutoff::Rounds;
  else
    job.waits.insert(need.questions.begin(), job.of_sender ? need.questions.begin() + need.of_sender
                                                           : need.questions.end());
}

// What is neither open nor answered meanwhile.
void VerifyClient::ask(Jobs::iterator job, const ipc::Need& need) {
  auto& its = job->second;
  const dns::Payer payer = payer_of(its.facts.session.client);
  for (std::size_t i = 0; i < need.questions.size(); ++i) {
    const dns::Question& question = need.questions[i];
    const auto cutoff = i < need.of_sender ? its.facts.sender : its.facts.client;
    if (cutoff != auth::Cutoff::None || its.answers.find(question) != nullptr) continue;
    if (!its.asked.open.insert(question).second) continue;
    resolver_.resolve(question, payer, [this, number = job->first, question](dns::Answer answer) {
      on_answer(number, {question, std::move(answer)});
    });
  }
}

void VerifyClient::on_answer(std::uint64_t number, dns::Entry entry) {
  const auto job = jobs_.find(number);
  if (job == jobs_.end()) return;  // cancelled, or judged without it
  auto& its = job->second;
  if (its.state == Job::State::AtVerifier) return its.late.push_back(std::move(entry));
  take(its, std::move(entry));
  if (its.state == Job::State::Waits && its.waits.empty()) enqueue(job);
  make_room();
}

void VerifyClient::take(Job& job, dns::Entry entry) {
  job.asked.open.erase(entry.question);
  const bool waited_for = job.waits.erase(entry.question) > 0;
  keep(job, job.of_sender && waited_for, std::move(entry));
  if (!job.of_sender && job.facts.client != auth::Cutoff::None) job.waits.clear();
}

// The client may ask for what the sender's domain will need too. So an answer that does not fit
// into the client's memory is no failure of its name: it ends the client's part, and may be asked
// again.
void VerifyClient::keep(Job& job, bool of_sender, dns::Entry entry) {
  if (ipc::pack(entry).size() > most_bytes_of(entry.question.type))
    entry.answer = failure("the answer is larger than the checks take");
  std::uint64_t& used = of_sender ? job.sender_bytes : job.client_bytes;
  if (used + ipc::pack(entry).size() > (of_sender ? limits_.sender_bytes : limits_.client_bytes)) {
    entry.answer = failure(kTooMuchMemory);
    if (!of_sender) cut_off(job.facts.client, auth::Cutoff::Memory);
  }
  if (!of_sender && job.facts.client != auth::Cutoff::None) {
    ++job.asked.lost;
    return;
  }
  const std::uint64_t bytes = ipc::pack(entry).size();
  used += bytes;
  all_answer_bytes_ += bytes;
  job.answers.add(entry.question, std::move(entry.answer));
}

// Who brings most goes first: strangers with large answers take nothing from the others.
void VerifyClient::make_room() {
  while (all_answer_bytes_ > limits_.all_answer_bytes)
    finish(std::ranges::max_element(jobs_, {}, [](const auto& row) { return row.second.bytes(); }),
           failed(kTooMuchMemory));
}

void VerifyClient::finish(Jobs::iterator job, const Outcome& outcome) {
  const Done done = std::move(job->second.done);
  forget(job);
  done(outcome);
}

VerifyClient::Jobs::iterator VerifyClient::forget(Jobs::iterator job) {
  all_answer_bytes_ -= job->second.bytes();
  if (job->second.state == Job::State::Queued) std::erase(queue_, job->first);
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
    if (job == jobs_.end()) continue;  // went with the verifier that another was sent to
    auto& its = job->second;
    if (its.state == Job::State::Waits) {
      its.cut(auth::Cutoff::Deadline);
      enqueue(job);
    } else if (its.state == Job::State::Queued && now >= its.deadline + limits_.queue) {
      finish(job, failed("no verifier became free in time"));
    }
  }
}

}  // namespace common
