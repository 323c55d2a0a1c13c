// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.h"

#include <unbound-event.h>
#include <unbound.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "dns/answer_check.h"
#include "dns/local_data.h"
#include "dns/message.h"
#include "dns/name.h"
#include "net/unbound.h"

namespace net {
namespace {

using dns::Answer, dns::Question, dns::Security, dns::Status;

constexpr std::uint16_t kDnsPort = 53;
constexpr int kClassInternet = 1;
constexpr int kBogus = 1;  // of the library's callback
constexpr int kSecure = 2;

Answer failure(std::string reason, Security security = Security::Unknown) {
  reason.resize(std::min(reason.size(), dns::kMaxReason));
  return Answer::of(Status::Failure, security, std::move(reason));
}

std::string in_seconds(std::chrono::milliseconds time) {
  if (time.count() % 1000 != 0) return std::to_string(time.count()) + " ms";
  return std::to_string(time.count() / 1000) + " s";
}

// The status of an answer from the cache is in its header only, whatever `rcode` says; and bogus
// data are delivered as if they were good.
Answer answer_of(const Question& question, int rcode, std::string_view message, int security,
                 const char* why_bogus, bool validating) {
  if (security == kBogus)
    return failure(std::string("bogus: ") + (why_bogus != nullptr ? why_bogus : "?"),
                   Security::Bogus);
  if (rcode != 0) return failure(dns::name_of_code(static_cast<unsigned>(rcode)));
  Answer answer = dns::read_answer(message, question);
  if (validating && !answer.failed())
    answer.security = security == kSecure ? Security::Secure : Security::Insecure;
  return answer;
}

}  // namespace

class Resolver::Impl : public std::enable_shared_from_this<Resolver::Impl> {
 public:
  Impl(EventLoop& loop, const ResolverSettings& settings, dns::LocalData local_data,
       Unbound context, std::size_t max_asked);
  void resolve(const Question& question, dns::Payer payer, Done done);
  void close();

 private:
  // A question; this is what libunbound, when it has it, calls back with.
  struct Asked {
    Impl* resolver = nullptr;  // null once nobody wants to know
    Question question;
    bool in_hand = false;                // libunbound has it; else it stands in a queue
    dns::Payer payer = dns::kNoPayer;    // while it is in hand
    std::vector<std::uint64_t> waiting;  // keys of waiting_, some of them gone
  };
  struct Waiting {
    base::Instant until;
    Question question;
    Done done;
  };
  struct Share {
    std::size_t in_hand = 0;
    std::deque<Question> queue;  // some of them gone, or in hand on the account of somebody else
  };
  const char* excess(dns::Payer payer) const;
  bool has_room(dns::Payer payer) const;
  bool is_wanted(const Asked& asked) const;
  void take_in_hand(Asked& asked, dns::Payer payer);
  void release(dns::Payer payer);
  void serve_queue(dns::Payer payer);
  void ask(Asked& asked);
  static void called_back(void* asked, int rcode, void* message, int size, int security,
                          char* why_bogus, int was_ratelimited);
  void answered(Asked& asked, const Answer& answer);
  void expire();
  void arm();
  void finish(std::vector<Done> dones, const Answer& answer);

  EventLoop& loop_;
  const std::chrono::milliseconds timeout_;
  const std::size_t max_asked_;
  const bool validating_;
  const dns::LocalData local_data_;
  std::map<Question, Asked> asked_;
  std::size_t in_hand_ = 0;                   // of them
  std::map<dns::Payer, Share> shares_;        // of those who have some in hand; without our own
  std::map<std::uint64_t, Waiting> waiting_;  // the lowest key is the first whose time is over
  std::uint64_t last_id_ = 0;
  std::unique_ptr<EventLoop::Watch> timer_;
  bool armed_ = false;
  bool closed_ = false;
  Unbound context_;
};

Resolver::Impl::Impl(EventLoop& loop, const ResolverSettings& settings, dns::LocalData local_data,
                     Unbound context, std::size_t max_asked)
    : loop_(loop),
      timeout_(settings.timeout),
      max_asked_(max_asked),
      validating_(settings.servers.empty() && settings.dnssec),
      local_data_(std::move(local_data)),
      timer_(loop.every(timeout_, [this] { expire(); })),
      context_(std::move(context)) {
  timer_->pause();
}

void Resolver::Impl::close() {
  closed_ = true;
  for (auto& [question, asked] : asked_) asked.resolver = nullptr;
  context_.reset();
}

// Which limit one more question would break; null: none.
const char* Resolver::Impl::excess(dns::Payer payer) const {
  if (in_hand_ >= max_asked_) return "too many questions";
  const auto its = shares_.find(payer);
  const bool too_many = its != shares_.end() && its->second.queue.size() >= kMaxQueuedByOne;
  return too_many ? "too many questions for one client" : nullptr;
}

bool Resolver::Impl::has_room(dns::Payer payer) const {
  if (in_hand_ >= max_asked_) return false;
  const auto its = shares_.find(payer);
  return its == shares_.end() || its->second.in_hand < kMaxAskedByOne;
}

bool Resolver::Impl::is_wanted(const Asked& asked) const {
  return std::ranges::any_of(asked.waiting, [&](auto id) { return waiting_.contains(id); });
}

void Resolver::Impl::resolve(const Question& question, dns::Payer payer, Done done) {
  // The name of a question that came from elsewhere may be any text.
  auto wanted = Question::about(question.name, question.type);
  if (!wanted) return finish({std::move(done)}, Answer::of(Status::NoName));
  if (const auto answer = local_data_.find(*wanted)) return finish({std::move(done)}, *answer);
  const bool is_new = !asked_.contains(*wanted);
  const char* const reason = waiting_.size() >= kMaxWaiting ? "too many questions"
                             : is_new                       ? excess(payer)
                                                            : nullptr;
  if (reason != nullptr) return finish({std::move(done)}, failure(reason));
  waiting_[++last_id_] = {base::now() + timeout_, *wanted, std::move(done)};
  arm();
  Asked& asked = asked_[*wanted];
  asked.waiting.push_back(last_id_);
  if (is_new) asked.resolver = this, asked.question = *wanted;
  if (asked.in_hand) return;
  // Also one that is in the queue of another, who would have us wait with him.
  if (has_room(payer)) return take_in_hand(asked, payer);
  if (is_new) shares_[payer].queue.push_back(std::move(*wanted));
}

// May have called back, and `asked` be gone, when it returns.
void Resolver::Impl::take_in_hand(Asked& asked, dns::Payer payer) {
  asked.in_hand = true;
  asked.payer = payer;
  ++in_hand_;
  if (payer != dns::kNoPayer) ++shares_[payer].in_hand;
  ask(asked);
}

void Resolver::Impl::release(dns::Payer payer) {
  --in_hand_;
  const auto its = shares_.find(payer);
  if (its == shares_.end()) return;
  --its->second.in_hand;
  if (its->second.in_hand == 0 && its->second.queue.empty()) shares_.erase(its);
  if (!shares_.contains(payer)) return;
  loop_.post([weak = weak_from_this(), payer] {
    if (const auto self = weak.lock(); self != nullptr && !self->closed_) self->serve_queue(payer);
  });
}

void Resolver::Impl::serve_queue(dns::Payer payer) {
  for (auto its = shares_.find(payer); its != shares_.end(); its = shares_.find(payer)) {
    auto& queue = its->second.queue;
    if (queue.empty() || !has_room(payer)) break;
    const auto next = asked_.find(queue.front());
    queue.pop_front();
    if (next != asked_.end() && !next->second.in_hand) take_in_hand(next->second, payer);
  }
  // Nothing of it comes back, where others have all there is: what is in its queue runs out of
  // time.
  const auto its = shares_.find(payer);
  if (its != shares_.end() && its->second.in_hand == 0) shares_.erase(its);
}

// May have called back, and `asked` be gone, when it returns.
void Resolver::Impl::ask(Asked& asked) {
  const std::string name = dns::presentation(asked.question.name);
  int id = 0;
  const int result =
      ub_resolve_event(context_.get(), name.c_str(), dns::code_of(asked.question.type),
                       kClassInternet, &asked, &Impl::called_back, &id);
  if (result != 0) answered(asked, failure(std::string("libunbound: ") + ub_strerror(result)));
}

void Resolver::Impl::called_back(void* data, int rcode, void* message, int size, int security,
                                 char* why_bogus, int) {
  Asked& asked = *static_cast<Asked*>(data);
  if (asked.resolver == nullptr) return;
  const std::string_view bytes(static_cast<const char*>(message),
                               message != nullptr ? static_cast<std::size_t>(size) : 0);
  asked.resolver->answered(asked, answer_of(asked.question, rcode, bytes, security, why_bogus,
                                            asked.resolver->validating_));
}

void Resolver::Impl::answered(Asked& asked, const Answer& answer) {
  std::vector<Done> dones;
  for (const std::uint64_t id : asked.waiting)
    if (auto waiting = waiting_.extract(id)) dones.push_back(std::move(waiting.mapped().done));
  const dns::Payer payer = asked.payer;
  asked_.erase(asked_.find(asked.question));
  release(payer);
  finish(std::move(dones), answer);
}

// Never at once: the library may be in the middle of its work, or resolve() in that of a caller.
void Resolver::Impl::finish(std::vector<Done> dones, const Answer& answer) {
  loop_.post([weak = weak_from_this(), dones = std::move(dones), answer] {
    const auto self = weak.lock();
    for (const Done& done : dones)
      if (self != nullptr && !self->closed_) done(answer);
  });
}

void Resolver::Impl::arm() {
  if (armed_ || waiting_.empty()) return;
  armed_ = true;
  timer_->resume_every(waiting_.begin()->second.until - base::now());
}

void Resolver::Impl::expire() {
  std::vector<Done> dones;
  while (!waiting_.empty() && waiting_.begin()->second.until <= base::now()) {
    auto over = waiting_.extract(waiting_.begin());
    dones.push_back(std::move(over.mapped().done));
    const auto asked = asked_.find(over.mapped().question);
    if (asked != asked_.end() && !asked->second.in_hand && !is_wanted(asked->second))
      asked_.erase(asked);  // its turn never came
  }
  timer_->pause();
  armed_ = false;
  arm();
  finish(std::move(dones), failure("no answer in " + in_seconds(timeout_)));
}

std::vector<std::uint16_t> Resolver::server_ports(const ResolverSettings& settings) {
  if (settings.servers.empty()) return {kDnsPort};
  std::set<std::uint16_t> ports;
  for (const base::Endpoint& server : settings.servers) ports.insert(server.port);
  return {ports.begin(), ports.end()};
}

base::Result<std::unique_ptr<Resolver>> Resolver::make(EventLoop& loop,
                                                       const ResolverSettings& settings) {
  auto local_data = dns::LocalData::of(settings.local_data);
  if (!local_data) return local_data.error();
  const std::size_t max_asked = askable_questions(kMaxAsked);
  auto context = make_unbound(loop, settings, max_asked);
  if (!context) return context.error();
  return std::unique_ptr<Resolver>(new Resolver(std::make_shared<Impl>(
      loop, settings, std::move(*local_data), std::move(*context), max_asked)));
}

Resolver::~Resolver() { impl_->close(); }

void Resolver::resolve(const Question& question, dns::Payer payer, Done done) {
  impl_->resolve(question, payer, std::move(done));
}

}  // namespace net
