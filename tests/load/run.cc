// SPDX-License-Identifier: Apache-2.0
#include "load/run.h"

#include <algorithm>
#include <csignal>
#include <limits>

#include "base/assert.h"

namespace load {
namespace {

constexpr timeval kAtOnce{0, 0};
constexpr std::chrono::milliseconds kRetryDelay{
    50};  // a dead server is not to be asked without pause

timeval to_timeval(std::chrono::milliseconds time) {
  return {time.count() / 1000, time.count() % 1000 * 1000};
}

std::uint64_t budget(const Options& options) {
  return options.messages > 0 ? options.messages : std::numeric_limits<std::uint64_t>::max();
}

}  // namespace

Run::Run(const Options& options, const Environment& environment, Composer& composer,
         Journal* journal)
    : options_(options),
      environment_(environment),
      composer_(composer),
      journal_(journal),
      remaining_(budget(options)),
      end_(make_event(-1, 0, &Run::time_over, this)),
      hard_end_(make_event(-1, 0, &Run::patience_over, this)) {
  for (const int number : {SIGINT, SIGTERM}) {
    signals_.push_back(make_event(number, EV_SIGNAL | EV_PERSIST, &Run::time_over, this));
    event_add(signals_.back().get(), nullptr);
  }
  make_slots();
}

EventHandle Run::make_event(int fd, short what, event_callback_fn callback, void* argument) {
  EventHandle handle(event_new(environment_.loop, fd, what, callback, argument));
  POSTERN_ASSERT(handle != nullptr);
  return handle;
}

void Run::make_slots() {
  slots_.resize(std::min<std::uint64_t>(options_.connections, remaining_));
  for (std::size_t number = 0; number < slots_.size(); ++number) {
    Slot& slot = slots_[number];
    slot.run = this;
    slot.number = number;
    slot.next = make_event(-1, 0, &Run::slot_due, &slot);
    event_add(slot.next.get(), &kAtOnce);
  }
  busy_slots_ = slots_.size();
}

base::Status Run::execute() {
  const base::Instant started = base::now();
  const timeval seconds = to_timeval(options_.seconds);
  event_add(end_.get(), &seconds);
  event_base_dispatch(environment_.loop);
  elapsed_ = base::now() - started;
  end_sessions();
  return trouble_;
}

void Run::end_sessions() {
  stopping_ = true;
  for (Slot& slot : slots_) {
    if (slot.session) slot.session->abandon();
    slot.session.reset();
  }
  // libevent frees connections from its loop only.
  while (event_base_get_num_events(environment_.loop, EVENT_BASE_COUNT_ACTIVE) > 0)
    event_base_loop(environment_.loop, EVLOOP_NONBLOCK);
}

bool Run::succeeded() const {
  return options_.reconnect ? statistics_.acknowledged > 0 : statistics_.clean();
}

void Run::slot_due(int, short, void* slot) {
  auto& self = *static_cast<Slot*>(slot);
  self.run->begin_session(self);
}

void Run::begin_session(Slot& slot) {
  slot.session.reset();
  if (stopping_ || remaining_ == 0) return retire();
  Work& work = *this;
  slot.session = std::make_unique<Session>(options_, environment_, statistics_, work, slot.number);
  std::optional<base::IpAddress> source;
  if (!options_.sources.empty()) source = options_.sources.next();
  slot.session->start(source);
}

void Run::ended(std::size_t slot, bool well) {
  const bool again = well || options_.reconnect;
  if (!again) return retire();
  const timeval delay = to_timeval(well ? options_.pause : kRetryDelay);
  event_add(slots_[slot].next.get(), &delay);
}

void Run::retire() {
  if (--busy_slots_ == 0) event_base_loopbreak(environment_.loop);
}

std::optional<Message> Run::next_message() {
  if (stopping_ || remaining_ == 0) return std::nullopt;
  --remaining_;
  return composer_.next();
}

void Run::acknowledged(const Message& message, std::string_view queue_id) {
  if (journal_ != nullptr) {
    if (auto status = journal_->add(message.id, queue_id); !status) {
      // What is not in the journal does not count, so nothing may go on.
      trouble_ = std::move(status);
      event_base_loopbreak(environment_.loop);
      return;
    }
  }
  ++statistics_.acknowledged;
  statistics_.acknowledged_bytes += message.size_bytes;
}

void Run::lost() {
  ++statistics_.lost;
  if (options_.reconnect) ++remaining_;
}

void Run::time_over(int, short, void* self) { static_cast<Run*>(self)->stop(); }

void Run::stop() {
  stopping_ = true;
  const timeval patience = to_timeval(options_.timeout);
  event_add(hard_end_.get(), &patience);
}

void Run::patience_over(int, short, void* self) {
  event_base_loopbreak(static_cast<Run*>(self)->environment_.loop);
}

}  // namespace load
