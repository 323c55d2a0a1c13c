// SPDX-License-Identifier: Apache-2.0
#include "policy/client.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace policy {

Client::Client(Gate& gate, Gate::Visitor visitor, Gate::Seat seat,
               std::shared_ptr<const LimitSettings> settings, bool exempt)
    : gate_(&gate),
      address_(visitor.address),
      exempt_(exempt),
      settings_(std::move(settings)),
      seat_(std::move(seat)) {}

Client::Client(Client&& other) noexcept
    : gate_(std::exchange(other.gate_, nullptr)),
      address_(other.address_),
      exempt_(other.exempt_),
      settings_(std::move(other.settings_)),
      seat_(std::move(other.seat_)),
      total_handshake_(std::move(other.total_handshake_)),
      listener_handshake_(std::move(other.listener_handshake_)),
      unknown_(other.unknown_) {}

Client::~Client() {
  if (gate_ != nullptr && !exempt_) gate_->table_.close(address_, *settings_);
}

std::optional<Refusal> Client::take(Account account, const Moment& now) {
  if (exempt_) return std::nullopt;
  const auto excess = gate_->table_.take(address_, account, *settings_, now.steady);
  return excess ? std::optional(refusal(*excess)) : std::nullopt;
}

std::optional<Refusal> Client::begin_handshake(const Moment& now) {
  const auto places = Gate::places(settings_->total_handshakes, seat_.limits.handshakes, exempt_);
  auto total = gate_->handshakes_.take(places.total);
  if (!total) return refusal(Limit::total_handshakes);
  auto own = gate_->listeners_.at(seat_.listener_index).handshakes.take(places.listener);
  if (!own) return refusal(Limit::listener_handshakes);
  if (auto refused = take(Account::Handshakes, now)) return refused;
  total_handshake_.emplace(std::move(*total));
  listener_handshake_.emplace(std::move(*own));
  return std::nullopt;
}

void Client::end_handshake() {
  total_handshake_.reset();
  listener_handshake_.reset();
}

std::optional<Refusal> Client::begin_message(const Moment& now) {
  if (auto scarce = gate_->refuse_mail_if_scarce()) return scarce;
  if (exempt_) return std::nullopt;
  if (auto banned = gate_->refuse_if_banned(address_, now.wall)) return banned;
  if (const auto full = gate_->table_.full(address_, Account::Bytes, *settings_, now.steady))
    return refusal(*full);
  return take(Account::Messages, now);
}

std::optional<Refusal> Client::add_recipient(const Moment& now) {
  if (exempt_) return std::nullopt;
  if (auto banned = gate_->refuse_if_banned(address_, now.wall)) return banned;
  if (guesses()) return refusal(Limit::unknown_recipients);
  return take(Account::Recipients, now);
}

// Beyond the limit the next message is refused; that is all.
void Client::count_bytes(std::uint64_t bytes, const Moment& now) {
  if (exempt_) return;
  gate_->table_.add(address_, Account::Bytes, static_cast<double>(bytes), *settings_, now.steady);
}

void Client::count_errors(std::uint64_t errors, std::string_view evidence, const Moment& now) {
  if (!exempt_) gate_->count(address_, Account::Errors, errors, evidence, *settings_, now);
}

std::chrono::milliseconds Client::count_unknown(std::string_view evidence, const Moment& now) {
  if (exempt_) return std::chrono::milliseconds{0};
  const std::size_t before = unknown_++;
  gate_->count(address_, Account::UnknownRecipients, 1, evidence, *settings_, now);
  return kUnknownDelays[std::min(before, std::size(kUnknownDelays) - 1)];
}

bool Client::guesses() const {
  return !exempt_ && unknown_ >= settings_->unknown_recipients_per_session;
}

bool Client::gives_way(const smtp::Standstill& standstill, base::Instant now) const {
  return !exempt_ && gate_->crowd(seat_.listener_index, seat_.limits, *settings_)
                         .presses(standstill.at, now - standstill.since);
}

}  // namespace policy
