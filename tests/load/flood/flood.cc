// SPDX-License-Identifier: Apache-2.0
#include "load/flood/flood.h"

#include <openssl/ssl.h>

#include <array>
#include <numeric>
#include <utility>

#include "base/assert.h"

namespace flood {
namespace {

constexpr std::uint64_t kTicksPerSecond = 100;
constexpr timeval kTick{0, 1'000'000 / kTicksPerSecond};
constexpr std::uint64_t kHotEvery = 4;  // a quarter comes from the hot sources

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

// What a client says first, from a handshake with nobody.
std::string make_client_hello(SSL_CTX* context) {
  const std::unique_ptr<SSL, SslFree> ssl(SSL_new(context));
  POSTERN_ASSERT(ssl != nullptr);
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  POSTERN_ASSERT(SSL_connect(ssl.get()) < 0);
  std::array<char, 4096> bytes{};
  const int length = BIO_read(SSL_get_wbio(ssl.get()), bytes.data(), bytes.size());
  POSTERN_ASSERT(length > 0);
  return {bytes.data(), static_cast<std::size_t>(length)};
}

}  // namespace

Flood::Flood(Options options, const load::Environment& environment)
    : options_(std::move(options)),
      environment_(environment),
      client_hello_(make_client_hello(environment.tls)),
      slots_(options_.at_once),
      free_slots_(options_.at_once),
      ticks_(event_new(environment.loop, -1, EV_PERSIST, &Flood::tick_due, this)) {
  POSTERN_ASSERT(ticks_ != nullptr);
  std::iota(free_slots_.begin(), free_slots_.end(), std::size_t{0});
}

void Flood::execute() {
  started_ = base::now();
  event_add(ticks_.get(), &kTick);
  event_base_dispatch(environment_.loop);
  elapsed_ = base::now() - started_;
  slots_.clear();
  // libevent frees connections from its loop only.
  event_del(ticks_.get());
  while (event_base_get_num_events(environment_.loop, EVENT_BASE_COUNT_ACTIVE) > 0)
    event_base_loop(environment_.loop, EVLOOP_NONBLOCK);
}

void Flood::tick_due(int, short, void* self) { static_cast<Flood*>(self)->tick(); }

void Flood::tick() {
  remove_ended();
  begin_some();
  tell_time();
  ++tick_count_;
  const bool done = begun_ == options_.connections && tally_.open() == 0;
  if (done || base::now() - started_ >= options_.seconds) event_base_loopbreak(environment_.loop);
}

void Flood::remove_ended() {
  for (const std::size_t slot : std::exchange(ended_slots_, {})) {
    slots_[slot].reset();
    free_slots_.push_back(slot);
    tally_.closed();
  }
}

// At its rate from the beginning: what was late is not made up for in a burst.
void Flood::begin_some() {
  const std::uint64_t before = options_.rate * tick_count_ / kTicksPerSecond;
  const std::uint64_t now = options_.rate * (tick_count_ + 1) / kTicksPerSecond;
  for (std::uint64_t i = before; i < now; ++i) {
    if (begun_ == options_.connections || free_slots_.empty()) return;
    begin_one();
  }
}

void Flood::begin_one() {
  const std::size_t slot = free_slots_.back();
  free_slots_.pop_back();
  const std::uint64_t number = begun_++;
  // Every kind comes from both sorts of sources.
  const std::uint64_t turn = number / options_.kinds.size();
  const Kind kind = options_.kinds[number % options_.kinds.size()];
  const bool hot = turn % kHotEvery == 0 && !options_.hot_sources.empty();
  auto& attacker = slots_[slot];
  attacker = std::make_unique<Attacker>(
      environment_, tally_.of(kind), make_plan(kind, turn, options_.mailbox, client_hello_),
      base::now() + options_.hold, [this, slot] { ended_slots_.push_back(slot); });
  tally_.opened();
  attacker->start(options_.server, (hot ? options_.hot_sources : options_.sources).next());
}

// Each tick another part of them, so that their bytes do not come all at once.
void Flood::tell_time() {
  for (std::size_t slot = tick_count_ % kTicksPerSecond; slot < slots_.size();
       slot += kTicksPerSecond)
    if (slots_[slot]) slots_[slot]->second_passed();
}

}  // namespace flood
