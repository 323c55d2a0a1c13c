// SPDX-License-Identifier: Apache-2.0
// A gate with small limits, and clients that come to it, by clocks that a test moves.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/client.h"
#include "policy/gate.h"

namespace support {

// Three of everything that a rate limits, 30 in a wide network.
inline policy::LimitSettings small_limits() {
  policy::LimitSettings limits;
  limits.connections = 3;
  for (const policy::AccountRule& rule : policy::account_table())
    limits.*rule.rate = {3, std::chrono::minutes(1)};
  limits.unknown_recipients_per_session = 2;
  limits.tracked_networks = 1000;
  limits.exempt = {*base::Network::parse("203.0.113.0/24")};
  return limits;
}

class GateDriver {
 public:
  explicit GateDriver(const policy::LimitSettings& limits = small_limits())
      : limits_(std::make_shared<const policy::LimitSettings>(limits)), gate(limits, 2) {
    gate.on_imposed([this](const policy::Ban& ban, policy::Limit limit) {
      imposed.push_back(ban);
      imposed_for.push_back(limit);
    });
  }

  static base::IpAddress address(const std::string& text) { return *base::IpAddress::parse(text); }

  // As the smtp role asks: nothing, and `last()` is the client; or why not.
  std::optional<policy::Refusal> come(const std::string& from, std::size_t listener = 0) {
    return come({address(from)}, listener);
  }
  std::optional<policy::Refusal> come(const policy::Gate::Visitor& visitor, std::size_t listener) {
    if (auto refusal = gate.judge(visitor, access, *limits_, now.wall)) return refusal;
    std::optional<policy::Gate::Seat> seat;
    const bool exempt = policy::Gate::is_exempt(visitor, *limits_);
    if (auto refusal = gate.enter(listener, listener_limits, exempt, *limits_, seat))
      return refusal;
    std::optional<policy::Client> client;
    if (auto refusal = gate.admit(visitor, std::move(*seat), limits_, now, client)) return refusal;
    clients.push_back(std::move(*client));
    return std::nullopt;
  }
  policy::Client& last() { return clients.back(); }
  policy::Client& client_from(const std::string& from) {
    if (come(from)) throw std::logic_error("a client was refused that should not be");
    return last();
  }

  void pass(std::chrono::milliseconds time) {
    now.steady += time;
    now.wall += time;
  }
  const policy::LimitSettings& limits() const { return *limits_; }

 private:
  std::shared_ptr<const policy::LimitSettings> limits_;

 public:
  policy::Gate gate;
  policy::Moment now{base::Instant(std::chrono::hours(1)),
                     *base::parse_utc("2026-11-22T12:00:00Z")};
  policy::ListenerAccess access;
  policy::ListenerLimits listener_limits;
  std::list<policy::Client> clients;  // that are there now; the gate outlives them
  std::vector<policy::Ban> imposed;
  std::vector<policy::Limit> imposed_for;
};

inline std::string name_of(const std::optional<policy::Refusal>& refusal) {
  return refusal ? std::string(rule_of(refusal->limit).name) : "none";
}
inline std::string text_of(const smtp::Reply& reply) {
  return std::to_string(reply.code) + ' ' + reply.status.to_string() + ' ' + reply.text;
}

}  // namespace support
