// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/verify_client.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "auth/verdict_check.h"
#include "base/assert.h"
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

std::uint64_t VerifyClient::Job::bytes() const {
  std::uint64_t sum = 0;
  for (const Use& use : uses) sum += use.bytes;
  return sum;
}

// Whoever answers slowly for one part, on purpose maybe, takes no time from another.
bool VerifyClient::Job::can_go_on() const {
  for (std::size_t i = 0; i < kParts; ++i) {
    const auto is_its = [i](const auto& row) { return row.second == static_cast<Part>(i); };
    if (needs.at(i) && std::ranges::none_of(waits, is_its)) return true;
  }
  return false;
}

const auth::Cutoff& VerifyClient::Job::cutoff(Part part) const {
  switch (part) {
    case Part::Sender:
      return facts.sender;
    case Part::Message:
      return facts.message;
    case Part::Client:
      break;
  }
  return facts.client;
}

auth::Cutoff& VerifyClient::Job::cutoff(Part part) {
  return const_cast<auth::Cutoff&>(std::as_const(*this).cutoff(part));
}

void VerifyClient::Job::cut(auth::Cutoff why) {
  cut_off(facts.sender, why);
  cut_off(facts.client, why);
  if (header.fd != nullptr) cut_off(facts.message, why);
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
  if (gone.mapped().job == 0) return;
  last_clients_[gone.key()] = gone.mapped().client;
  const auto job = jobs_.find(gone.mapped().job);
  if (job != jobs_.end()) finish(job, failed(ipc::name_of(gone.key()) + ": " + reason));
}

void VerifyClient::crashed(const ipc::RoleId& id) {
  const auto known = verifiers_.find(id);
  if (known != verifiers_.end() && known->second.job != 0) drop(known, "crashed");
  const auto last = last_clients_.extract(id);
  if (last && crashed_) crashed_(last.mapped(), id);
  dispatch();
}

void VerifyClient::verify(std::uint64_t number, auth::SessionFacts facts,
                          const auth::Settings& settings, Done done) {
  Job job;
  job.facts.session = std::move(facts);
  job.facts.dkim = settings.dkim;
  job.time = settings.deadline;
  job.deadline = base::now() + job.time;
  job.done = std::move(done);
  loop_.post([this, number, job = std::move(job)]() mutable { start(number, std::move(job)); });
}

void VerifyClient::add_header(std::uint64_t number, MessagePiece header) {
  add(number, [header = std::move(header)](Job& job) {
    job.header = header;
    job.deadline = base::now() + job.time;
  });
}

void VerifyClient::add_body(std::uint64_t number, std::vector<MessagePiece> body) {
  POSTERN_ASSERT(!body.empty() && body.size() <= ipc::kMaxBodyPieces);
  add(number, [body = std::move(body)](Job& job) { job.body = body; });
}

void VerifyClient::add(std::uint64_t number, const std::function<void(Job&)>& add_to) {
  loop_.post([this, number, add_to] {
    const auto job = jobs_.find(number);
    if (job == jobs_.end()) return;
    add_to(job->second);
    if (job->second.state != Job::State::AtVerifier) enqueue(job);
  });
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
  job->second.queued = base::now();
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
  last_clients_.erase(verifier->first);
  if (base::now() >= its.deadline) its.cut(auth::Cutoff::Deadline);
  its.pieces_sent = its.pieces();
  verifier->second.job = number;
  verifier->second.since = base::now();
  verifier->second.client = its.facts.session.client;
  const ipc::Judge judge{number,
                         ipc::pack(its.facts),
                         its.answers.entries(),
                         {its.asked.open.begin(), its.asked.open.end()},
                         its.asked.lost,
                         its.asked.of_message,
                         {}};
  using PieceKind = ipc::Attach::Part;
  std::vector<std::pair<PieceKind, MessagePiece>> pieces;
  if (its.header.fd != nullptr) pieces.emplace_back(PieceKind::Header, its.header);
  for (const MessagePiece& piece : its.body) pieces.emplace_back(PieceKind::Body, piece);
  // The verifier may be gone, and the job too, after each of these.
  const auto link = verifier->second.link;
  for (const auto& [part, piece] : pieces)
    link->send(ipc::Attach{number, part, piece.offset, piece.size}, piece.fd);
  link->send(judge);
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
  if (!verdicts || !auth::can_be(*verdicts) || job->second.pieces_sent < 2) return false;
  const auth::Facts facts = std::move(job->second.facts);
  const dns::AnswerTable answers = std::move(job->second.answers);
  finish(job, *verdicts);
  if (judged_) judged_(facts, *verdicts, answers);
  return true;
}

VerifyClient::Part VerifyClient::part_of(const ipc::Need& need, std::size_t question) {
  if (question < need.of_sender) return Part::Sender;
  return question - need.of_sender < need.of_message ? Part::Message : Part::Client;
}

bool VerifyClient::makes_sense(const Job& job, const ipc::Need& need) {
  const std::size_t all = need.questions.size();
  if (all == 0) return job.body.empty() || job.pieces_sent < 2;
  if (need.of_sender > all || need.of_message > all - need.of_sender) return false;
  if (need.of_message > 0 && job.pieces_sent == 0) return false;
  std::size_t of_message = job.asked.of_message;
  std::size_t others =
      job.answers.size() + job.asked.open.size() + job.asked.lost - job.asked.of_message;
  for (std::size_t i = 0; i < all; ++i) {
    const dns::Question& question = need.questions[i];
    if (job.cutoff(part_of(need, i)) != auth::Cutoff::None) return false;
    if (job.asked.open.contains(question)) continue;
    if (!is_question(question) || job.answers.find(question) != nullptr) return false;
    ++(part_of(need, i) == Part::Message ? of_message : others);
  }
  return others <= auth::kMaxLookups && of_message <= auth::kMaxMessageLookups;
}

bool VerifyClient::on_need(Jobs::iterator job, const ipc::Need& need) {
  auto& its = job->second;
  if (!makes_sense(its, need)) return false;
  its.state = need.questions.empty() ? Job::State::Idle : Job::State::Waits;
  begin_round(its, need);
  for (dns::Entry& entry : std::exchange(its.late, {})) take(its, std::move(entry));
  const bool in_time = base::now() < its.deadline;
  if (in_time)
    ask(job, need);
  else
    its.cut(auth::Cutoff::Deadline);
  const bool goes_on = its.state == Job::State::Waits && (!in_time || its.can_go_on());
  if (goes_on || its.pieces() > its.pieces_sent) enqueue(job);
  make_room();
  return true;
}

void VerifyClient::begin_round(Job& job, const ipc::Need& need) {
  job.waits.clear();
  const bool client_only = need.of_sender + need.of_message == 0;
  std::array<std::size_t, kParts> counts = {need.of_sender, need.of_message,
                                            client_only ? need.questions.size() : 0};
  std::size_t next = 0;
  for (std::size_t i = 0; i < kParts; ++i) {
    const auto part = static_cast<Part>(i);
    const std::size_t first = std::exchange(next, next + counts.at(i));
    job.needs.at(i) = first < next;
    const std::span its(need.questions.data() + first, counts.at(i));
    const bool is_new = std::ranges::any_of(
        its, [&](const dns::Question& question) { return !job.asked.open.contains(question); });
    if (is_new && job.uses.at(i).rounds++ == auth::kMaxRounds) {
      cut_off(job.cutoff(part), auth::Cutoff::Rounds);
    } else {
      for (const dns::Question& question : its) job.waits.emplace(question, part);
    }
  }
}

// What is neither open nor answered meanwhile.
void VerifyClient::ask(Jobs::iterator job, const ipc::Need& need) {
  auto& its = job->second;
  const dns::Payer payer = payer_of(its.facts.session.client);
  for (std::size_t i = 0; i < need.questions.size(); ++i) {
    const dns::Question& question = need.questions[i];
    const Part part = part_of(need, i);
    if (its.cutoff(part) != auth::Cutoff::None || its.answers.find(question) != nullptr) continue;
    if (!its.asked.open.insert(question).second) continue;
    if (part == Part::Message) ++its.asked.of_message;
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
  if (its.state == Job::State::Waits && its.can_go_on()) enqueue(job);
  make_room();
}

void VerifyClient::take(Job& job, dns::Entry entry) {
  job.asked.open.erase(entry.question);
  const auto waited = job.waits.extract(entry.question);
  keep(job, waited.empty() ? Part::Client : waited.mapped(), std::move(entry));
  std::erase_if(job.waits,
                [&](const auto& row) { return job.cutoff(row.second) != auth::Cutoff::None; });
}

std::uint64_t VerifyClient::limit_of(Part part) const {
  switch (part) {
    case Part::Sender:
      return limits_.sender_bytes;
    case Part::Message:
      return limits_.message_bytes;
    case Part::Client:
      break;
  }
  return limits_.client_bytes;
}

// One part may ask for what another will need too. So an answer that does not fit into a part's
// memory is no failure of its name: it ends that part, and may be asked again.
void VerifyClient::keep(Job& job, Part part, dns::Entry entry) {
  const std::uint64_t most =
      part == Part::Message ? kMaxMessageAnswer : most_bytes_of(entry.question.type);
  if (size_of(entry) > most) entry.answer = failure(kTooLarge);
  const std::uint64_t bytes = size_of(entry);
  std::uint64_t& used = job.uses.at(static_cast<std::size_t>(part)).bytes;
  if (used + bytes > limit_of(part)) cut_off(job.cutoff(part), auth::Cutoff::Memory);
  if (job.cutoff(part) != auth::Cutoff::None) {
    ++job.asked.lost;
    return;
  }
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
    last_clients_.erase(id);  // it is to be ended from outside
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
    } else if (its.state == Job::State::Queued &&
               now >= std::max(its.deadline, its.queued) + limits_.queue) {
      finish(job, failed("no verifier became free in time"));
    }
  }
}

}  // namespace common
