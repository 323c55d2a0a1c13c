// SPDX-License-Identifier: Apache-2.0
#include "daemon/smtp/state_keeper.h"

#include "obs/log.h"

namespace smtp_role {
namespace {

// A ban may be lost by a crash within this time; the history of a network comes by itself.
constexpr std::chrono::milliseconds kBansInterval{500};
constexpr std::chrono::minutes kHistoryInterval{1};

void log_damage(std::string_view what, std::size_t lines) {
  if (lines == 0) return;
  obs::Line(obs::Event::trouble)
      .token("area", "state")
      .text("reason", std::string(what) + ": " + std::to_string(lines) +
                          " lines were not understood, and are lost")
      .write();
}

}  // namespace

StateKeeper::StateKeeper(net::EventLoop& loop, Services& services)
    : services_(services),
      bans_timer_(loop.every(kBansInterval, [this] { save_bans(); })),
      history_timer_(loop.every(kHistoryInterval, [this] { save_history(); })) {
  services_.deliver.state().on_loaded(
      [this](ipc::StateKind kind, const std::string& text) { load(kind, text); });
}

void StateKeeper::load(ipc::StateKind kind, const std::string& text) {
  switch (kind) {
    case ipc::StateKind::Bans:
      log_damage("bans", services_.gate.bans().load(text));
      return save_bans();
    case ipc::StateKind::History:
      log_damage("history", services_.history.load(text));
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
