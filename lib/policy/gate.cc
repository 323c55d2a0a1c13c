// SPDX-License-Identifier: Apache-2.0
#include "policy/gate.h"

#include <utility>

#include "policy/client.h"
#include "smtp/replies.h"

namespace policy {
namespace {

bool has_access(const ListenerAccess& access, const base::IpAddress& client) {
  return (access.allow.empty() || base::any_contains(access.allow, client)) &&
         !base::any_contains(access.deny, client);
}

}  // namespace

Gate::Gate(const LimitSettings& settings, std::size_t listeners)
    : table_(settings.tracked_networks), listeners_(listeners) {}

void Gate::configure(const LimitSettings& settings) {
  table_.set_networks(settings.tracked_networks);
}

Gate::Places Gate::places(std::size_t total, std::size_t listener, bool exempt) {
  const std::size_t reserve = exempt ? kExemptReserve : 0;
  return {total + reserve, (listener > 0 ? listener : total) + reserve};
}

Gate::Places Gate::connection_places(const ListenerLimits& limits, bool exempt,
                                     const LimitSettings& settings) {
  return places(settings.total_connections, limits.connections, exempt);
}

std::optional<Limit> Gate::limit_of(int code) {
  return code < 0 ? std::nullopt : std::optional(static_cast<Limit>(code));
}

std::optional<Limit> Gate::shedding() const {
  const auto sessions = limit_of(shed_sessions_);
  return sessions ? sessions : limit_of(shed_mail_);
}

bool Gate::is_exempt(const Visitor& visitor, const LimitSettings& settings) {
  return visitor.is_proxy || base::any_contains(settings.exempt, visitor.address);
}

std::optional<Refusal> Gate::judge(const Visitor& visitor, const ListenerAccess& access,
                                   const LimitSettings& settings, base::WallTime now) const {
  if (!has_access(access, visitor.address)) return refusal(Limit::access);
  if (is_exempt(visitor, settings)) return std::nullopt;
  return refuse_if_banned(visitor.address, now);
}

std::optional<Refusal> Gate::refuse_if_banned(const base::IpAddress& client,
                                              base::WallTime now) const {
  const auto ban = bans_.find(client, now);
  if (!ban) return std::nullopt;
  Refusal result = refusal(Limit::ban, ban->network.to_string() + ": " + ban->cause);
  result.reply = result.reply.with_text("Your network is refused until " +
                                        base::utc_text(ban->until) + ": " + ban->reason);
  return result;
}

std::optional<Refusal> Gate::refuse_mail_if_scarce() const {
  const auto scarce = limit_of(shed_mail_);
  if (!scarce) return std::nullopt;
  return Refusal{*scarce, smtp::replies::insufficient_storage(), "new mail is refused"};
}

std::optional<Refusal> Gate::enter(std::size_t listener, const ListenerLimits& limits, bool exempt,
                                   const LimitSettings& settings, std::optional<Seat>& seat) {
  if (const auto scarce = limit_of(shed_sessions_); scarce && !exempt) return refusal(*scarce);
  const Places places = connection_places(limits, exempt, settings);
  auto total = connections_.take(places.total);
  if (!total) return refusal(Limit::total_connections);
  auto own = listeners_.at(listener).connections.take(places.listener);
  if (!own) return refusal(Limit::listener_connections);
  seat.emplace(Seat{std::move(*total), std::move(*own), listener, limits});
  return std::nullopt;
}

Crowd Gate::crowd(std::size_t listener, const ListenerLimits& limits,
                  const LimitSettings& settings) const {
  const Listener& own = listeners_.at(listener);
  Crowd crowd;
  crowd.add_connections(connections_.used(), settings.total_connections);
  crowd.add_handshakes(handshakes_.used(), settings.total_handshakes);
  if (const auto scarce = limit_of(shed_sessions_)) crowd.add_shedding(*scarce);
  if (limits.connections > 0) crowd.add_connections(own.connections.used(), limits.connections);
  if (limits.handshakes > 0) crowd.add_handshakes(own.handshakes.used(), limits.handshakes);
  crowd.add_memory(memory_, most_memory_);
  return crowd;
}

std::optional<Refusal> Gate::admit(const Visitor& visitor, Seat seat,
                                   std::shared_ptr<const LimitSettings> settings, const Moment& now,
                                   std::optional<Client>& client) {
  const bool exempt = is_exempt(visitor, *settings);
  if (!exempt) {
    const auto excess = table_.open(visitor.address, *settings, now.steady);
    if (excess) return refusal(*excess);
  }
  client.emplace(Client(*this, visitor, std::move(seat), std::move(settings), exempt));
  return std::nullopt;
}

std::optional<Refusal> Gate::foresee(const Visitor& visitor, std::size_t listener,
                                     const ListenerAccess& access, const ListenerLimits& limits,
                                     const LimitSettings& settings, const Moment& now) const {
  if (auto unwelcome = judge(visitor, access, settings, now.wall)) return unwelcome;
  const bool exempt = is_exempt(visitor, settings);
  if (const auto scarce = limit_of(shed_sessions_); scarce && !exempt) return refusal(*scarce);
  const Places places = connection_places(limits, exempt, settings);
  if (connections_.used() >= places.total) return refusal(Limit::total_connections);
  if (listeners_.at(listener).connections.used() >= places.listener)
    return refusal(Limit::listener_connections);
  if (exempt) return std::nullopt;
  const auto excess = table_.would_open(visitor.address, settings, now.steady);
  return excess ? std::optional(refusal(*excess)) : std::nullopt;
}

void Gate::count(const base::IpAddress& client, Account account, std::uint64_t amount,
                 std::string_view evidence, const LimitSettings& settings, const Moment& now) {
  const auto excess =
      table_.add(client, account, static_cast<double>(amount), settings, now.steady);
  if (!excess) return;
  const std::string seen = excess->detail + "; " + std::string(evidence);
  const auto ban = bans_.impose(excess->network, excess->limit, seen, settings, now.wall);
  // It is paid for: who comes back begins with an empty account.
  table_.clear(excess->network, account);
  if (ban && imposed_) imposed_(*ban, excess->limit);
}

void Gate::count_verifier_crash(const base::IpAddress& client, std::string_view evidence,
                                const LimitSettings& settings, const Moment& now) {
  if (!is_exempt({client}, settings))
    count(client, Account::VerifierCrashes, 1, evidence, settings, now);
}

}  // namespace policy
