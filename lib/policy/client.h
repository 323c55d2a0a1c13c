// SPDX-License-Identifier: Apache-2.0
// One connection that was let in, and what its session may still do. Threads: one at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "policy/gate.h"

namespace policy {

// Unknown recipients are answered so late, by a timer: the first, the second ... of a session.
inline constexpr std::chrono::seconds kUnknownDelays[] = {
    std::chrono::seconds(1), std::chrono::seconds(2), std::chrono::seconds(4),
    std::chrono::seconds(8)};

class Client {
 public:
  Client(Client&& other) noexcept;
  Client& operator=(Client&&) = delete;
  ~Client();

  bool exempt() const { return exempt_; }

  // Each: nothing, and it was counted; or why not. The evidence of a ban that follows is a text of
  // ours in printable ASCII, such as the id of the session.
  std::optional<Refusal> begin_handshake(const Moment& now);
  void end_handshake();  // however it ended; once, or not at all
  std::optional<Refusal> begin_message(const Moment& now);
  std::optional<Refusal> add_recipient(const Moment& now);

  void count_bytes(std::uint64_t bytes, const Moment& now);
  void count_errors(std::uint64_t errors, std::string_view evidence, const Moment& now);
  // How late the recipient is to be answered.
  std::chrono::milliseconds count_unknown(std::string_view evidence, const Moment& now);
  // It had its unknown recipients: none is looked up any more.
  bool guesses() const;
  // Others need its place more than it does.
  bool gives_way(const smtp::Standstill& standstill, base::Instant now) const;

 private:
  friend class Gate;
  Client(Gate& gate, Gate::Visitor visitor, Gate::Seat seat,
         std::shared_ptr<const LimitSettings> settings, bool exempt);
  std::optional<Refusal> take(Account account, const Moment& now);

  Gate* gate_;  // null: moved from
  base::IpAddress address_;
  bool exempt_;
  std::shared_ptr<const LimitSettings> settings_;
  Gate::Seat seat_;
  std::optional<Usage::Share> total_handshake_;
  std::optional<Usage::Share> listener_handshake_;
  std::size_t unknown_ = 0;
};

}  // namespace policy
