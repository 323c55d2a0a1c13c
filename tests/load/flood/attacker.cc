// SPDX-License-Identifier: Apache-2.0
#include "load/flood/attacker.h"

#include <utility>

namespace flood {

constexpr int kClosing = 421;  // RFC 5321 section 3.8

Attacker::Attacker(const load::Environment& environment, KindTally& tally, Plan plan,
                   base::Instant until, std::function<void()> on_over)
    : tally_(tally),
      plan_(std::move(plan)),
      until_(until),
      on_over_(std::move(on_over)),
      transport_(environment, 0, *this) {}

void Attacker::start(const base::Endpoint& server, const base::IpAddress& source) {
  ++tally_.begun;
  if (const auto failed = transport_.connect(server, source)) over("connect: " + *failed);
}

void Attacker::second_passed() {
  if (over_) return;
  if (base::now() >= until_) return over("held");
  if (trickle_ == nullptr) return;
  const std::string& text = trickle_->text;
  transport_.send(std::string_view(text).substr(trickled_++ % text.size(), 1));
}

void Attacker::on_connected() {
  if (!plan_.awaits_greeting) next_step();
}

void Attacker::on_secure() {
  ++tally_.handshakes;
  next_step();
}

void Attacker::on_progress() {
  if (std::exchange(throwing_, false)) next_step();
}

void Attacker::on_input(evbuffer& input) {
  while (!over_) {
    const auto reply = reader_.next(input);
    if (reader_.failed()) return over("no SMTP reply");
    if (!reply) return;
    on_reply(*reply);
  }
}

void Attacker::on_reply(const load::Reply& reply) {
  ++tally_.replies[reply.name()];
  const bool refused = reply.code >= 400;
  if (reply.code == kClosing || (refused && !plan_.goes_on_refused)) silent_ = true;
  next_step();
}

void Attacker::next_step() {
  if (silent_ || next_ == plan_.steps.size()) return;
  const Step& step = plan_.steps[next_++];
  switch (step.act) {
    case Step::Act::Say:
      return transport_.send(step.text + "\r\n");
    case Step::Act::Throw:
      throwing_ = true;
      return transport_.send(step.text);
    case Step::Act::Handshake:
      if (!transport_.start_tls()) over("input in clear before the handshake");
      return;
    case Step::Act::Trickle:
      trickle_ = &step;
      return;
    case Step::Act::Leave:
      return over("quit");
    case Step::Act::Reset:
      transport_.reset_at_end();
      return over("reset");
  }
}

void Attacker::over(const std::string& reason) {
  if (std::exchange(over_, true)) return;
  ++tally_.ends[reason];
  on_over_();
}

}  // namespace flood
