// SPDX-License-Identifier: Apache-2.0
// What a reload cannot change, or not without ado.
#pragma once

#include <string>

#include "config/config.h"
#include "ipc/messages.h"

namespace supervisor {

// The keys, comma-separated, that differ and need a restart; empty: none. They are those of design
// section 6: listener, spool.directory, state, control, workers.
std::string fixed_keys_changed(const config::Config& before, const config::Config& after);

// Whether the role takes its part of these changes at its start only, so that another process has
// to take its place: what resolve reads from files, and where it may connect to, is settled once it
// is confined.
bool needs_new_process(ipc::Role role, const config::Config& before, const config::Config& after);

}  // namespace supervisor
