// SPDX-License-Identifier: Apache-2.0
// The supervisor's part that brings a new configuration into force, in all roles or in none.
#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "daemon/supervisor/reload_rules.h"
#include "daemon/supervisor/role_table.h"
#include "daemon/supervisor/supervisor.h"
#include "obs/log.h"

namespace supervisor {
namespace {

constexpr std::chrono::seconds kReloadLimit{60};

}  // namespace

void Supervisor::reload(config::Config config, std::function<void(std::string)> done) {
  POSTERN_ASSERT(!reload_ && !stopping_);
  reload_.emplace(PendingReload{std::move(config), std::move(done), 0, ++last_attempt_, 0});
  loop_.after(kReloadLimit, [this, attempt = last_attempt_] {
    if (reload_ && reload_->attempt == attempt)
      finish_reload(program_of(slots_[reload_->taken].id) + " did not answer in time");
  });
  ask_next_reload();
}

void Supervisor::ask_next_reload() {
  if (reload_->taken == slots_.size()) return finish_reload("");
  Slot& next = slots_[reload_->taken];
  if (!next.serving && !row_of(next.id.role).is_needed) {
    // It will begin with what is in force then. One that is about to has what was in force.
    if (next.process && next.end_reason.empty()) end(next, "its settings have changed");
    ++reload_->taken;
    return ask_next_reload();
  }
  if (!next.serving) return finish_reload(program_of(next.id) + " is not running");
  if (needs_new_process(next.id.role, config_, reload_->config)) {
    reload_->replaced = next.process->pid();
    return end(next, "its settings have changed");
  }
  auto settings = settings_for(next.id.role, reload_->config);
  if (!settings) return finish_reload(settings.error().reason);
  send(next, ipc::Reload{reload_->attempt}, std::move(*settings));
}

void Supervisor::take_next_reload() {
  ++reload_->taken;
  reload_->replaced = 0;
  ask_next_reload();
}

bool Supervisor::is_replaced_for_reload(const Slot& slot) {
  return reload_ && reload_->replaced != 0 && slots_[reload_->taken].id == slot.id;
}

// What some roles have taken they give up again: all or nothing. Their answers to this are to no
// attempt that is waited for.
void Supervisor::take_back_reload(const PendingReload& reload) {
  ++last_attempt_;
  // The one that was asked last may yet take it.
  const std::size_t asked = std::min(reload.taken + 1, slots_.size());
  for (std::size_t i = 0; i < asked; ++i) {
    Slot& slot = slots_[i];
    if (needs_new_process(slot.id.role, config_, reload.config)) {
      const bool is_new = i < reload.taken || reload.replaced != 0;
      if (is_new && slot.process && slot.end_reason.empty()) end(slot, "a reload was given up");
      continue;
    }
    auto settings = settings_for(slot.id.role, config_);
    if (slot.serving && settings) send(slot, ipc::Reload{last_attempt_}, std::move(*settings));
  }
}

void Supervisor::on_reloaded(Slot& slot, const ipc::Reloaded& reloaded) {
  // An answer may come after the reload was given up, because another role died.
  if (!reload_ || reloaded.generation != reload_->attempt || slots_[reload_->taken].id != slot.id)
    return;
  if (!reloaded.error.empty()) return finish_reload(program_of(slot.id) + ": " + reloaded.error);
  take_next_reload();
}

void Supervisor::finish_reload(const std::string& error) {
  auto reload = std::exchange(reload_, std::nullopt);
  if (error.empty()) {
    config_ = std::move(reload->config);
    ++generation_;
    obs::configure(config_.log);
  } else if (!stopping_) {
    take_back_reload(*reload);
  }
  reload->done(error);
}

}  // namespace supervisor
