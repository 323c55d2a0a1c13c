// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/state_keeper.h"

#include <utility>

#include "obs/log.h"
#include "spool/state_file.h"

namespace smtp_role {
namespace {

// A ban may be lost by a crash within this time; the history of a network comes by itself.
constexpr std::chrono::milliseconds kBansInterval{500};
constexpr std::chrono::minutes kHistoryInterval{1};

// deliver has it in its hands when it is there; where it is not, mail does not wait for long.
constexpr std::chrono::seconds kLoadPatience{2};

// What is never lost because there is too much of it; the first line counts as one more.
template <std::size_t lines, std::size_t octets>
constexpr bool kFits = (lines + 1) * (octets + 1) <= spool::kMaxStateFile;
static_assert(kFits<policy::kMaxBans, policy::kMaxBanLine>);
static_assert(kFits<policy::kMaxHistoryNetworks, policy::kMaxHistoryLine>);

void log_damage(const std::string& what, std::size_t lines) {
  if (lines > 0)
    obs::log_trouble(
        "state", what + ": " + std::to_string(lines) + " lines were not understood, and are lost");
}

}  // namespace

StateKeeper::StateKeeper(net::EventLoop& loop, Services& services)
    : loop_(loop),
      services_(services),
      bans_timer_(loop.every(kBansInterval, [this] { save_bans(); })),
      history_timer_(loop.every(kHistoryInterval, [this] { save_history(); })) {
  services_.deliver.state().on_loaded([this](ipc::StateKind kind, const std::string& text) {
    load(kind, text);
    missing_.erase(kind);
    if (missing_.empty()) end_wait();
  });
}

void StateKeeper::await_load(std::function<void()> done) {
  awaiting_ = std::move(done);
  if (missing_.empty()) return end_wait();
  patience_ = loop_.after(kLoadPatience, [this] {
    if (!missing_.empty())
      obs::log_trouble("state", "it has not come yet; who was refused before is let in");
    end_wait();
  });
}

void StateKeeper::end_wait() {
  if (const auto done = std::exchange(awaiting_, nullptr)) done();
}

// What was saved before did not hold what is loaded now, and is saved again unless it is nothing.
void StateKeeper::load(ipc::StateKind kind, const std::string& text) {
  switch (kind) {
    case ipc::StateKind::Bans:
      log_damage("bans", services_.gate.bans().load(text));
      saved_bans_ = 0;
      return save_bans();
    case ipc::StateKind::History:
      log_damage("history", services_.history.load(text));
      saved_history_ = 0;
      return save_history();
  }
}

void StateKeeper::save() {
  save_bans();
  save_history();
}

void StateKeeper::save_bans() {
  const policy::Bans& bans = services_.gate.bans();
  const std::uint64_t changes = bans.changes();
  if (changes == saved_bans_) return;
  saved_bans_ = changes;
  services_.deliver.state().save(ipc::StateKind::Bans, bans.text());
}

void StateKeeper::save_history() {
  const std::uint64_t changes = services_.history.changes();
  if (changes == saved_history_) return;
  saved_history_ = changes;
  services_.deliver.state().save(ipc::StateKind::History, services_.history.text());
}

}  // namespace smtp_role
